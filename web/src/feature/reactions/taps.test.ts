import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Taps } from "./taps.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function tapping() {
  const sent: [string, number][] = [];
  return { sent, taps: new Taps((kind, n) => sent.push([kind, n]), () => {}) };
}

test("the first tap goes out at once, the next ones together", () => {
  const { sent, taps } = tapping();
  for (let i = 0; i < 4; i++) taps.tap("heart");
  expect(sent).toEqual([["heart", 1]]);
  expect(taps.waiting("heart")).toBe(3);
  vi.advanceTimersByTime(500);
  expect(sent).toEqual([["heart", 1], ["heart", 3]]);
  expect(taps.waiting("heart")).toBe(0);
});

test("a command carries ten taps at most, and none is lost", () => {
  const { sent, taps } = tapping();
  for (let i = 0; i < 26; i++) taps.tap("clap");
  vi.advanceTimersByTime(5_000);
  expect(Math.max(...sent.map(([, n]) => n))).toBe(10);
  expect(sent.reduce((sum, [, n]) => sum + n, 0)).toBe(26);
});

test("after a pause the next tap goes out at once again", () => {
  const { sent, taps } = tapping();
  taps.tap("heart");
  vi.advanceTimersByTime(1_000);
  taps.tap("heart");
  expect(sent).toHaveLength(2);
});
