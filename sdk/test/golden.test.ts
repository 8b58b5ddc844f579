/** What the server's features fold, ours fold: the same data, read from the server's own tests. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { channel, event, feed, people, reactions } from "../src/index.js";
import type { Feature, FeedState, PeopleState, Update } from "../src/index.js";

interface Golden {
  readonly name: string;
  readonly sight: string;
  readonly member: string;
  readonly start: { readonly view: unknown; readonly mine?: unknown };
  readonly updates: readonly Update[];
  readonly end: { readonly view: unknown; readonly mine?: unknown };
}

/** Our state, cut down to what a view of the same moment holds. */
type AsView<S> = (state: S, staff: boolean) => { view: unknown; mine?: unknown };

const viewed = 20;

const asFeed: AsView<FeedState> = (state, staff) => {
  const { pinned, more, counts, kinds } = state;
  const posts = state.posts.slice(0, viewed);
  const inView = new Set([...posts, ...pinned].map((p) => p.id));
  const chosen = Object.fromEntries(Object.entries(state.chosen).filter(([id]) => inView.has(id)));
  const view = { posts, pinned, more: more || state.posts.length > viewed, counts, kinds };
  return { view: staff ? { ...view, review: state.review.slice(0, viewed) } : view, mine: { posts: state.own, chosen } };
};

const asPeople: AsView<PeopleState> = ({ count, members, me }) => ({ view: { count, members: members.slice(0, 200) }, mine: me });

function golden<S>(feature: Feature<S, never, object>, asView: AsView<S>): void {
  const file = new URL(`../../feature/${feature.name}/testdata/golden.json`, import.meta.url);
  if (!existsSync(file)) return test(`${feature.name}: golden data`, () => expect.unreachable(`${file.pathname} is missing`));
  for (const { name, sight, member, start, updates, end } of JSON.parse(readFileSync(file, "utf8")) as Golden[]) {
    test(`${feature.name}: ${name}`, () => {
      const context = { member: member || undefined };
      const opened = feature.open(start.view, start.mine, context);
      const frozen = JSON.stringify(opened);
      const folded = updates.reduce((state, update) => feature.fold(state, update, context), opened);
      const { view, mine } = asView(folded, sight.startsWith("s"));
      expect(view).toEqual(strip(end.view));
      if (end.mine !== undefined && end.mine !== null) expect(unnumbered(mine)).toEqual(unnumbered(strip(end.mine)));
      expect(JSON.stringify(opened)).toBe(frozen);
    });
  }
}

/** Views leave out `published` of posts that never were: ours says 0. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, strip(v)]));
  return "reactions" in fields && "photos" in fields ? { published: 0, ...fields } : fields;
}

/** Own posts without seq: feed.mine repeats to the author, one seq later, what feed.review told staff. */
function unnumbered(mine: unknown): unknown {
  const { posts, ...others } = (mine ?? {}) as { posts?: readonly object[] };
  return posts ? { ...others, posts: posts.map((p) => ({ ...p, seq: 0 })) } : mine;
}

const whole = (view: unknown): { view: unknown } => ({ view });

golden(event as never, whole);
golden(people as never, asPeople as never);
golden(feed as never, asFeed as never);
golden(reactions as never, whole);
golden(channel as never, whole);
