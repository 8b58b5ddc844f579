// Fails the build when a page outgrows what a phone on venue Wi-Fi can carry (gzip, all that the page loads).
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const kB = 1000;
const budgets = [
  { name: 'join and feed', entries: ['src/page/join.ts', 'src/event/main.tsx'], js: 60 * kB, css: 14 * kB },
  { name: 'talk', entries: ['src/talk/main.tsx'], js: 30 * kB, css: 14 * kB },
  { name: 'create', entries: ['src/page/create.ts'], js: 12 * kB, css: 14 * kB },
];
const fontLimit = 30 * kB;

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', dist)));
const gzipped = async (file) => gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length;

function filesOf(entries) {
  const js = new Set(), css = new Set(), seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    js.add(chunk.file);
    chunk.css?.forEach((f) => css.add(f));
    [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])].forEach(visit);
  };
  entries.forEach(visit);
  return { js, css };
}

let over = false;
function check(what, bytes, limit) {
  over ||= bytes > limit;
  console.log(`${bytes > limit ? 'OVER' : 'ok  '} ${what.padEnd(22)} ${(bytes / kB).toFixed(1)} of ${limit / kB} kB`);
}
for (const { name, entries, js, css } of budgets) {
  const files = filesOf(entries);
  const sum = async (set) => (await Promise.all([...set].map(gzipped))).reduce((a, b) => a + b, 0);
  check(`${name}: js`, await sum(files.js), js);
  check(`${name}: css`, await sum(files.css), css);
}
for (const { file } of Object.values(manifest).filter((c) => c.file.endsWith('.woff2'))) {
  check(file.replace('assets/', ''), (await readFile(new URL(file, dist))).length, fontLimit);
}
process.exit(over ? 1 : 0);
