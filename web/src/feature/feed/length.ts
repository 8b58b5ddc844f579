/** Characters as people count them: a family emoji is one. */
export const maxText = 500;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many characters a text of a post or comment is over the limit; 0 if it fits. */
export function tooLong(text: string): number {
  const words = text.trim();
  if (words.length <= maxText) return 0;
  return Math.max(0, [...graphemes.segment(words)].length - maxText);
}
