/** A number that rolls when it changes: up when it grows, down when it falls. */
import { useLayoutEffect, useRef } from "react";
import type { ReactNode } from "react";
import { t } from "../messages/en.js";

export const calm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

export function Roll({ value }: { value: number }): ReactNode {
  const span = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useLayoutEffect(() => {
    if (value === before.current) return;
    const from = value > before.current ? "55%" : "-55%";
    before.current = value;
    if (calm()) return;
    span.current?.animate([{ transform: `translateY(${from})`, opacity: 0.2 }, {}], { duration: 200, easing: "cubic-bezier(.2,.7,.2,1)" });
  }, [value]);
  return (
    <span className="roll">
      <span ref={span}>{t.short(value)}</span>
    </span>
  );
}
