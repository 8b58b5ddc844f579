import { expect, test } from "vitest";
import { maxText, tooLong } from "./length.js";

test("characters are counted as people count them", () => {
  expect(tooLong("👩‍👩‍👧‍👦".repeat(maxText))).toBe(0);
  expect(tooLong("👩‍👩‍👧‍👦".repeat(maxText + 2))).toBe(2);
  expect(tooLong("a".repeat(maxText + 1))).toBe(1);
});

test("white space around the words does not count", () => {
  expect(tooLong(`${" ".repeat(100)}${"a".repeat(maxText)}\n\n`)).toBe(0);
});
