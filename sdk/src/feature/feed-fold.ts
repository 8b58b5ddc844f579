/**
 * How updates, views and pages become a FeedState. Posts and comments carry
 * the seq of their last change: an older one never overwrites a newer one,
 * and what was withdrawn at a seq comes back only with a newer one.
 */
import type { FoldContext, Page, Update } from "../feature.js";
import type { Comment, CommentList, FeedState, Post } from "./feed.js";

export const initial: FeedState = {
  posts: [],
  pinned: [],
  more: false,
  counts: { posts: 0, photos: 0, comments: 0 },
  kinds: [],
  chosen: {},
  own: [],
  review: [],
  opened: [],
  comments: {},
  removed: {},
  floor: 0,
  staff: false,
};

interface View {
  readonly posts: readonly Post[];
  readonly pinned: readonly Post[];
  readonly more: boolean;
  readonly counts: FeedState["counts"];
  readonly kinds: readonly string[];
  readonly review?: readonly Post[];
}

interface Mine {
  readonly posts: readonly Post[];
  readonly chosen: FeedState["chosen"];
}

const byPublished = (a: Post, b: Post): number => b.published - a.published;
const byTime = (a: Post, b: Post): number => b.at - a.at || (a.id < b.id ? 1 : -1);
const bySeq = (a: Comment, b: Comment): number => a.seq - b.seq || (a.id < b.id ? -1 : 1);
const isWaiting = (p: Post): boolean => p.state === "pending" || p.state === "hidden";

export function open(view: unknown, mine: unknown): FeedState {
  const seen = (view ?? initial) as View;
  const own = (mine ?? { posts: [], chosen: {} }) as Mine;
  return {
    ...initial,
    posts: seen.posts,
    pinned: seen.pinned,
    more: seen.more,
    counts: seen.counts,
    kinds: seen.kinds,
    review: seen.review ?? [],
    staff: seen.review !== undefined,
    own: own.posts,
    chosen: own.chosen,
    floor: floorOf(seen.posts, seen.more),
  };
}

/** Where a list that ends with the oldest of `posts` reaches down to. */
function floorOf(posts: readonly Post[], more: boolean): number {
  return more ? posts.at(-1)?.published ?? Infinity : 0;
}

// What updates carry, see PROTOCOL.md.
interface Data extends Omit<Post, "comments" | "latest"> {
  readonly comments: number;
  readonly counts?: FeedState["counts"];
  readonly post: string & Post;
  readonly on: boolean;
  readonly item?: Post;
  readonly reason: string;
  readonly comment: string;
  readonly kinds: readonly string[];
}

export function fold(state: FeedState, update: Update, context: FoldContext): FeedState {
  const data = update.data as Data;
  const { seq, type } = update;
  switch (type) {
    case "feed.posted":
    case "feed.restored":
      return counted(show(state, arrived(state, data, seq)), data);
    case "feed.waiting":
      return list(state, "review", arrived(state, data, seq));
    case "feed.review":
      return list(state, "review", arrived(state, data.post, seq));
    case "feed.mine":
      return list(state, "own", arrived(state, data.post, seq));
    case "feed.edited":
      return alter(state, data.post, seq, { text: data.text, edited: data.edited });
    case "feed.reacted":
      return alter(state, data.post, seq, { reactions: data.reactions });
    case "feed.chose":
      return { ...state, chosen: choose(state.chosen, data.post, data.kinds) };
    case "feed.pinned":
      return pin(state, data, seq);
    case "feed.removed":
      return counted(remove(state, data.post, seq, data.reason === "deleted"), data);
    case "feed.commented":
      return counted(comment(state, update.data as Comment & { comments: number }, seq), data);
    case "feed.uncommented":
      return counted(uncomment(state, data, seq, context), data);
    default:
      return state;
  }
}

// --- posts

/** Changes a post wherever it is listed. */
export function map(state: FeedState, id: string, change: (post: Post) => Post): FeedState {
  const each = (posts: readonly Post[]): readonly Post[] =>
    posts.some((p) => p.id === id) ? posts.map((p) => (p.id === id ? change(p) : p)) : posts;
  const { posts, pinned, own, review, opened } = state;
  return { ...state, posts: each(posts), pinned: each(pinned), own: each(own), review: each(review), opened: each(opened) };
}

export function find(state: FeedState, id: string): Post | undefined {
  const { posts, pinned, opened, review, own } = state;
  for (const posted of [posts, pinned, opened, review, own]) {
    const found = posted.find((p) => p.id === id);
    if (found) return found;
  }
  return undefined;
}

function alter(state: FeedState, id: string, seq: number, change: Partial<Post>): FeedState {
  return map(state, id, (p) => (p.seq < seq ? { ...p, ...change, seq } : p));
}

/** A post of an update: seq, and published the first time, are the update's own. */
function arrived(state: FeedState, data: Partial<Post>, seq: number): Post {
  const { counts: _, ...post } = data as Post & { counts?: unknown };
  return { ...post, latest: find(state, post.id)?.latest ?? [], published: post.published ?? (post.state === "visible" ? seq : 0), seq };
}

/** Whether what we have of `post` is at least as new. */
function isOld(state: FeedState, post: Post): boolean {
  return Math.max(find(state, post.id)?.seq ?? 0, state.removed[post.id] ?? 0) >= post.seq;
}

const replace = (posts: readonly Post[], post: Post, order: (a: Post, b: Post) => number): readonly Post[] =>
  [...without(posts, post.id), post].sort(order);

export function without<T extends { readonly id: string }>(list: readonly T[], id: string): readonly T[] {
  return list.some((item) => item.id === id) ? list.filter((item) => item.id !== id) : list;
}

function show(state: FeedState, post: Post): FeedState {
  return isOld(state, post) ? state : place(state, post);
}

/** Enters a visible post into the lists that reach down to it. */
function place(state: FeedState, post: Post): FeedState {
  const { pinned, own, review, opened } = state;
  const reached = post.published >= state.floor;
  return {
    ...state,
    posts: reached ? replace(state.posts, post, byPublished) : state.posts,
    opened: reached ? without(opened, post.id) : opened.map((p) => (p.id === post.id ? post : p)),
    pinned: post.pinned ? replace(pinned, post, byPublished) : without(pinned, post.id),
    own: without(own, post.id),
    review: without(review, post.id),
  };
}

/** Enters a post that others do not see into the list of its author or of staff. */
function list(state: FeedState, name: "own" | "review", post: Post): FeedState {
  if ((state.removed[post.id] ?? 0) >= post.seq) return state;
  const listed = name === "own" || isWaiting(post) ? replace(state[name], post, byTime) : without(state[name], post.id);
  return { ...state, [name]: listed };
}

function pin(state: FeedState, { post: id, on, item }: Data, seq: number): FeedState {
  const known = find(state, id);
  const latest = known?.latest ?? [];
  const pinned = on && item ? { ...item, latest, published: item.published ?? known?.published ?? 0, seq } : undefined;
  const changed = alter(state, id, seq, { pinned: on });
  return { ...changed, pinned: pinned ? replace(state.pinned, pinned, byPublished) : without(state.pinned, id) };
}

export function remove(state: FeedState, id: string, seq: number, forGood: boolean): FeedState {
  const { posts, pinned, opened, own, review, comments } = state;
  return {
    ...state,
    posts: without(posts, id),
    pinned: without(pinned, id),
    opened: without(opened, id),
    own: forGood ? without(own, id) : own,
    review: forGood ? without(review, id) : review,
    comments: Object.fromEntries(Object.entries(comments).filter(([post]) => post !== id)),
    removed: { ...state.removed, [id]: seq },
  };
}

/** Takes over the counts that an update brought, and whether the rest of the feed is all there. */
function counted(state: FeedState, { counts = state.counts }: { readonly counts?: FeedState["counts"] }): FeedState {
  return { ...state, counts, more: state.posts.length < counts.posts };
}

export function choose(chosen: FeedState["chosen"], post: string, kinds: readonly string[]): FeedState["chosen"] {
  const { [post]: _, ...others } = chosen;
  return kinds.length > 0 ? { ...others, [post]: kinds } : others;
}

// --- comments

/** A comment that is new, restored, or told again because it is the latest one now. */
function comment(state: FeedState, data: Comment & { comments: number; counts?: unknown }, seq: number): FeedState {
  const { comments, counts: _, ...told } = data;
  const item: Comment = { ...told, seq: told.seq ?? seq };
  const latest = (p: Post) => (p.latest[0] && bySeq(p.latest[0], item) > 0 ? p.latest : [item]);
  const shown = map(state, item.post, (p) => (p.seq < seq ? { ...p, comments, latest: latest(p), seq } : p));
  const { [item.id]: __, ...removed } = state.removed;
  return { ...shown, removed, comments: inList(state, item.post, (l) => enter(l, item)) };
}

/** Beyond the last loaded comment there may be others: those come with the next page. */
function enter({ items, more }: CommentList, item: Comment): CommentList {
  const last = items.at(-1);
  if (more && (!last || bySeq(last, item) < 0)) return { items, more };
  return { items: [...without(items, item.id), item].sort(bySeq), more };
}

function uncomment(state: FeedState, data: Data, seq: number, { member }: FoldContext): FeedState {
  const { post, comment: id, reason, comments } = data;
  const gone = map(state, post, (p) => (p.seq < seq ? { ...p, comments, latest: without(p.latest, id), seq } : p));
  const stays = (c: Comment) => reason === "hidden" && (state.staff || c.by.id === member);
  const hide = ({ items, more }: CommentList): CommentList => ({
    items: items.flatMap((c): readonly Comment[] => (c.id !== id ? [c] : stays(c) ? [{ ...c, state: "hidden" }] : [])),
    more,
  });
  return { ...gone, removed: { ...state.removed, [id]: seq }, comments: inList(state, post, hide) };
}

export function inList(state: FeedState, post: string, change: (list: CommentList) => CommentList): FeedState["comments"] {
  const known = state.comments[post];
  return known ? { ...state.comments, [post]: change(known) } : state.comments;
}

// --- pages

/** Brings a page to the present on its own, then takes over what is newer than ours. */
export function merge(state: FeedState, page: Page, context: FoldContext): FeedState {
  const result = page.result as { posts?: Post[]; post?: Post; comments?: Comment[]; more?: boolean; chosen?: FeedState["chosen"] };
  const now = (start: Partial<FeedState>) =>
    page.since.reduce((s, update) => fold(s, update, context), { ...initial, staff: state.staff, floor: Infinity, ...start });
  switch (page.query) {
    case "feed.page":
      return mergePosts(state, page, now({ posts: result.posts ?? [], chosen: result.chosen ?? {} }), result.more ?? false);
    case "feed.post":
      return result.post ? mergePost(state, result.post, now) : state;
    case "feed.comments": {
      const post = String(page.args["post"]);
      const list = { items: result.comments ?? [], more: result.more ?? false };
      return mergeComments(state, post, page, now({ comments: { [post]: list } }).comments[post]);
    }
    default:
      return state;
  }
}

function mergePosts(state: FeedState, page: Page, now: FeedState, more: boolean): FeedState {
  const before = Number(page.args["before"] ?? Infinity);
  if (before < state.floor) return state; // a view came between: there would be a hole
  const told = (page.result as { posts: Post[] }).posts;
  const floor = Math.min(state.floor, floorOf(told, more));
  const merged = now.posts.reduce(placeNewer, { ...state, floor });
  return counted({ ...merged, opened: merged.opened.filter((p) => p.published < floor), chosen: { ...now.chosen, ...state.chosen } }, {});
}

/** The page's post or ours, pinned perhaps, whichever is newer. */
function placeNewer(state: FeedState, post: Post): FeedState {
  const known = find(state, post.id);
  if ((state.removed[post.id] ?? 0) >= post.seq) return state;
  const newer = known && known.seq >= post.seq ? known : post;
  return newer.state === "visible" ? place(state, newer) : state;
}

function mergePost(state: FeedState, post: Post, now: (start: Partial<FeedState>) => FeedState): FeedState {
  const name = post.state === "visible" ? "opened" : state.staff && isWaiting(post) ? "review" : "own";
  const present = find(now({ [name]: [post] }), post.id);
  if (!present || isOld(state, present)) return state;
  if (present.state !== "visible") return list(state, name === "review" ? "review" : "own", present);
  const shown = show(state, present);
  return present.published >= state.floor ? shown : { ...shown, opened: replace(shown.opened, present, byPublished) };
}

function mergeComments(state: FeedState, post: string, page: Page, now: CommentList | undefined): FeedState {
  if (!now) return state; // the post went meanwhile
  const known = state.comments[post]?.items ?? [];
  if (Number(page.args["after"] ?? 0) > (known.at(-1)?.seq ?? 0)) return state; // there would be a hole
  const all = new Map(known.map((c) => [c.id, c]));
  for (const c of now.items) if ((state.removed[c.id] ?? 0) < c.seq || c.state) all.set(c.id, c);
  return { ...state, comments: { ...state.comments, [post]: { items: [...all.values()].sort(bySeq), more: now.more } } };
}
