// Fails when an entry outgrows its budget (minified, gzip).
import { build } from "esbuild";
import { gzipSync } from "node:zlib";

const budgets = [
  { entry: "src/client.ts", most: 9 * 1024 }, // without a feature
  { entry: "src/index.ts", most: 12 * 1024 },
  { entry: "src/react/index.ts", most: 1.5 * 1024 },
];

for (const { entry, most } of budgets) {
  const options = { entryPoints: [entry], bundle: true, minify: true, format: "esm", target: "es2022", external: ["react"], write: false };
  const { outputFiles } = await build(options);
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`${entry}: ${bytes} bytes of ${most}`);
  if (bytes > most) process.exitCode = 1;
}
