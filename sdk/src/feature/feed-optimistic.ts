/** What our own commands will probably do to a feed, shown until the server says. */
import type { FoldContext, Pending } from "../feature.js";
import { choose, find, inList, map, remove, without } from "./feed-fold.js";
import type { Comment, FeedState, Post } from "./feed.js";

interface Data {
  readonly post: string;
  readonly comment?: string;
  readonly text: string;
  readonly photos?: readonly string[];
  readonly kind: string;
  readonly on: boolean;
}

export function optimistic(state: FeedState, command: Pending, context: FoldContext): FeedState {
  const data = command.data as Data;
  switch (command.type) {
    case "feed.post":
    case "feed.comment":
      return refused(state, command, context);
    case "feed.edit":
      return map(state, data.post, (p) => ({ ...p, text: data.text }));
    case "feed.react":
      return react(state, data);
    case "feed.pin":
      return pin(state, data);
    case "feed.delete":
      return data.comment ? uncomment(state, data.comment) : takeAway(state, data.post, true);
    case "feed.hide":
      return data.comment ? uncomment(state, data.comment) : takeAway(state, data.post, false);
    case "feed.approve":
    case "feed.reject":
      return { ...state, review: without(state.review, data.post) };
    default:
      return state;
  }
}

/** Words and photos stay in sight, whatever became of them: `delivery` says what. */
export function refused(state: FeedState, command: Pending, { member }: FoldContext): FeedState {
  const data = command.data as Data;
  const by = { id: member ?? "", name: nameOf(state, member) };
  const { key, at, delivery } = command;
  const own = { id: key, by, at, text: data.text ?? "", seq: 0, delivery, pending: key };
  if (command.type === "feed.post") return { ...state, posts: [post(own, data.photos ?? []), ...state.posts] };
  if (command.type === "feed.comment") return comment(state, { ...own, post: data.post });
  return state;
}

type Own = Omit<Comment, "post">;

function post(own: Own, photos: readonly string[]): Post {
  return {
    ...own,
    state: "visible",
    photos: photos.map((id) => ({ id, width: 0, height: 0 })), // sizes are known to the server
    reactions: {},
    comments: 0,
    latest: [],
    published: Infinity,
    pinned: false,
    edited: 0,
  } as Post;
}

function comment(state: FeedState, item: Comment): FeedState {
  const counts = item.delivery !== "refused";
  const shown = counts ? map(state, item.post, (p) => ({ ...p, comments: p.comments + 1, latest: [item] })) : state;
  return { ...shown, comments: inList(state, item.post, (l) => ({ ...l, items: [...l.items, item] })) };
}

/** The name we go by in what we wrote before; people.me has it too. */
function nameOf({ posts, own }: FeedState, member: string | undefined): string {
  return [...posts, ...own].find((p) => member && p.by.id === member)?.by.name ?? "";
}

function react(state: FeedState, { post: id, kind, on }: Data): FeedState {
  const chosen = state.chosen[id] ?? [];
  if (chosen.includes(kind) === on) return state;
  const kinds = on ? [...chosen, kind] : chosen.filter((k) => k !== kind);
  const shown = map(state, id, (p) => ({ ...p, reactions: counted(p.reactions, kind, on ? 1 : -1) }));
  return { ...shown, chosen: choose(state.chosen, id, kinds) };
}

function counted(reactions: Post["reactions"], kind: string, change: number): Post["reactions"] {
  const { [kind]: n = 0, ...others } = reactions;
  return n + change > 0 ? { ...reactions, [kind]: n + change } : others;
}

function pin(state: FeedState, { post: id, on }: Data): FeedState {
  const known = find(state, id);
  const shown = map(state, id, (p) => ({ ...p, pinned: on }));
  const pinned = without(shown.pinned, id);
  return { ...shown, pinned: on && known ? [{ ...known, pinned: true }, ...pinned] : pinned };
}

function takeAway(state: FeedState, id: string, forGood: boolean): FeedState {
  const known = find(state, id);
  if (!known) return state;
  const { posts, photos, comments } = state.counts;
  const counts = { posts: posts - 1, photos: photos - known.photos.length, comments: comments - known.comments };
  const gone = remove(state, id, known.seq, forGood);
  return known.state === "visible" ? { ...gone, counts } : gone;
}

function uncomment(state: FeedState, id: string): FeedState {
  const post = Object.keys(state.comments).find((p) => state.comments[p]?.items.some((c) => c.id === id));
  const holder = post ?? state.posts.find((p) => p.latest.some((c) => c.id === id))?.id;
  if (!holder) return state;
  const shown = map(state, holder, (p) => ({ ...p, comments: p.comments - 1, latest: without(p.latest, id) }));
  return { ...shown, comments: inList(state, holder, (l) => ({ ...l, items: without(l.items, id) })) };
}
