/** The real binary, on a port of its own, with data that survives its death. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const startMs = 15_000;

export class Server {
  readonly url: string;
  readonly #port: number;
  readonly #data = mkdtempSync(join(tmpdir(), "roomful-data-"));
  #process: ChildProcess | undefined;
  #said = "";

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const server = new Server(await freePort());
    await server.run();
    return server;
  }

  /** Starts it (again), on the same port and data. */
  async run(): Promise<void> {
    const bin = process.env["ROOMFUL_BIN"];
    if (!bin) throw new Error("ROOMFUL_BIN is not set");
    this.#process = spawn(bin, ["serve", "--addr", `127.0.0.1:${this.#port}`, "--data", this.#data], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream?.on("data", (chunk) => (this.#said += chunk));
    const until = Date.now() + startMs;
    while (Date.now() < until) {
      if (await fetch(this.url).then((r) => r.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the server did not start:\n${this.#said}`);
  }

  /** As when the power goes. */
  async kill(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
