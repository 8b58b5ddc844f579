/** A person's initials on a colour that is always the same for them. */
import type { ReactNode } from "react";

const hues = 6;

function hue(id: string): number {
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.codePointAt(0)!) % 997;
  return sum % hues;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const first = (word: string): string => [...graphemes.segment(word.slice(0, 30))][0]?.segment.toUpperCase() ?? "";

/** "Amber Otter" is AO. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map(first).join("") || "?";
}

export function Avatar({ id, name, state }: { id: string; name: string; state?: "online" | "idle" | "offline" }): ReactNode {
  return (
    <span className={`avatar hue-${hue(id)} ${state ?? ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
