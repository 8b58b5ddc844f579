// Makes the two display font files in src/font from the Bricolage Grotesque package (OFL 1.1):
// weight 700 only (a range of weights costs 15 kB more), without the rarely used signs. Run by hand: node scripts/font.mjs
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import subset from 'subset-font';

const from = new URL('../node_modules/@fontsource-variable/bricolage-grotesque/', import.meta.url);
const to = new URL('../src/font/', import.meta.url);

const range = (a, b) => Array.from({ length: b - a + 1 }, (_, i) => String.fromCodePoint(a + i)).join('');
const files = {
  'latin': range(0x20, 0x7e) + range(0xa0, 0xff) + '–—‘’‚“”„…•‹›€™←↑→↓−×ŒœŠšŽžŸ',
  'latin-ext': range(0x100, 0x17f) + range(0x218, 0x21b) + 'ẞ',
};

await mkdir(to, { recursive: true });
for (const [name, text] of Object.entries(files)) {
  const font = await readFile(new URL(`files/bricolage-grotesque-${name}-wght-normal.woff2`, from));
  const small = await subset(font, text, {
    targetFormat: 'woff2',
    variationAxes: { wght: 700 },
  });
  await writeFile(new URL(`bricolage-${name}.woff2`, to), small);
  console.log(name, small.length);
}
await writeFile(new URL('OFL.txt', to), await readFile(new URL('LICENSE', from)));
