import { expect, test } from "vitest";
import { t } from "./en.js";

test("counts agree with their words", () => {
  expect(t.feed.fresh(1)).toBe("1 new post");
  expect(t.feed.fresh(12)).toBe("12 new posts");
  expect(t.people.count(1)).toBe("1 person");
  expect(t.people.count(1204)).toBe("1,204 people");
});

test("large counts stay short in buttons", () => {
  expect(t.short(4712)).toBe("4,712");
  expect(t.short(47_120)).toBe("47.1K");
});

test("times say how long ago", () => {
  const now = 1_790_000_000_000;
  expect(t.ago(now - 5_000, now)).toBe("now");
  expect(t.ago(now - 3 * 60_000, now)).toBe("3 min");
  expect(t.ago(now - 5 * 3_600_000, now)).toBe("5 h");
});
