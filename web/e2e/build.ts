/** Builds the app into a binary, unless ROOMFUL_BIN names one. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function build(): void {
  if (process.env["ROOMFUL_BIN"]) return;
  const bin = join(mkdtempSync(join(tmpdir(), "roomful-bin-")), "roomful");
  execFileSync("npm", ["run", "build"], { stdio: "inherit" });
  execFileSync("go", ["build", "-o", bin, "./cmd/roomful"], { cwd: "..", stdio: "inherit" });
  process.env["ROOMFUL_BIN"] = bin;
}
