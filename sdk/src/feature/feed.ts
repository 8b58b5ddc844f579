import type { Command, Delivery, Feature } from "../feature.js";
import { fold, initial, merge, open } from "./feed-fold.js";
import { optimistic, refused } from "./feed-optimistic.js";

export interface Author {
  readonly id: string;
  readonly name: string;
}

export interface Photo {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface Comment {
  readonly id: string;
  readonly post: string;
  readonly by: Author;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
  readonly seq: number;
  /** Staff and its author see their hidden comments among the others. */
  readonly state?: "hidden";
  /** Set while it is our own and not confirmed: how far it has come. */
  readonly delivery?: Delivery;
  /** The `Pending.key` behind it, while `delivery` is set. */
  readonly pending?: string;
}

export type PostState = "visible" | "pending" | "rejected" | "hidden";

export interface Post {
  /** The server's id, or the pending command's key while the post is only ours. */
  readonly id: string;
  readonly state: PostState;
  readonly by: Author;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
  readonly photos: readonly Photo[];
  readonly reactions: Readonly<Record<string, number>>;
  /** How many comments it has. */
  readonly comments: number;
  /** The newest comment, if any. */
  readonly latest: readonly Comment[];
  /** Place in the feed: higher is newer. */
  readonly published: number;
  readonly pinned: boolean;
  /** When it was last edited, milliseconds since 1970; 0: never. */
  readonly edited: number;
  readonly seq: number;
  /** Set while it is our own and not confirmed: how far it has come. */
  readonly delivery?: Delivery;
  /** The `Pending.key` behind it, while `delivery` is set. */
  readonly pending?: string;
}

export interface CommentList {
  /** Oldest first. */
  readonly items: readonly Comment[];
  /** Whether newer ones than the last of `items` are still to be loaded. */
  readonly more: boolean;
}

export interface FeedState {
  /** What everyone sees, newest first; our own unconfirmed posts (with `delivery`) on top. */
  readonly posts: readonly Post[];
  readonly pinned: readonly Post[];
  /** Whether loadOlder() would find more. */
  readonly more: boolean;
  readonly counts: { readonly posts: number; readonly photos: number; readonly comments: number };
  /** Reactions that may be chosen. */
  readonly kinds: readonly string[];
  /** Our own reactions by post id. */
  readonly chosen: Readonly<Record<string, readonly string[]>>;
  /** Our own posts that others do not see: waiting, hidden or rejected. */
  readonly own: readonly Post[];
  /** Staff: waiting and hidden posts, newest first. */
  readonly review: readonly Post[];
  /** Posts that loadPost() brought and that are older than `posts` reaches. */
  readonly opened: readonly Post[];
  /** Comments by post id, for the posts that loadComments() was called for. */
  readonly comments: Readonly<Record<string, CommentList>>;
  /** What was withdrawn, id to seq: it never comes back with an older page. */
  readonly removed: Readonly<Record<string, number>>;
  /** Everything published from this place on is in `posts`. 0: everything. */
  readonly floor: number;
  /** Whether we see what only staff sees. */
  readonly staff: boolean;
}

export type FeedCommands = {
  "feed.post": Command<{ text?: string; photos?: readonly string[] }, { post: string; state: "visible" | "pending" }>;
  "feed.edit": Command<{ post: string; text: string }>;
  "feed.delete": Command<{ post: string } | { comment: string }>;
  "feed.hide": Command<{ post: string } | { comment: string }>;
  "feed.restore": Command<{ post: string } | { comment: string }>;
  "feed.approve": Command<{ post: string }>;
  "feed.reject": Command<{ post: string }>;
  "feed.comment": Command<{ post: string; text: string }, { comment: string }>;
  "feed.react": Command<{ post: string; kind: string; on: boolean }>;
  "feed.pin": Command<{ post: string; on: boolean }>;
};

export interface FeedReads {
  /** Loads the next older posts into the state. Resolves to whether there are still more. */
  loadOlder(options?: { limit?: number; signal?: AbortSignal }): Promise<boolean>;
  /** Loads the next comments of a post into `comments[post]`, oldest first. Resolves to whether there are more. */
  loadComments(post: string, options?: { limit?: number; signal?: AbortSignal }): Promise<boolean>;
  /** Loads one post (a link to it). It joins the state where it belongs. */
  loadPost(post: string, options?: { signal?: AbortSignal }): Promise<Post>;
}

/** Where a photo's prepared picture is: a path on the server. Edges are at most 320 or 1080 pixels. */
export const photoPath = (room: string, photo: string, size: 320 | 1080): string => `/media/${room}/${photo}/${size}`;

/** Posts with photos, comments and reactions. */
export const feed: Feature<FeedState, FeedCommands, FeedReads> = {
  name: "feed",
  initial,
  open,
  fold,
  optimistic,
  refused,
  merge,

  register(type, data) {
    const { post, kind } = data as { post: string; kind: string };
    return type === "feed.react" || type === "feed.pin" ? `${post}/${kind}` : undefined;
  },

  reads(ask, getSnapshot) {
    return {
      async loadOlder({ limit = 20, signal } = {}) {
        const { floor } = getSnapshot();
        if (floor === 0) return false;
        const before = Number.isFinite(floor) ? { before: String(floor) } : {};
        await ask("feed.page", { ...before, limit: String(limit) }, { signal });
        return getSnapshot().more;
      },
      async loadComments(post, { limit = 50, signal } = {}) {
        const items = getSnapshot().comments[post]?.items.filter((c) => !c.delivery) ?? [];
        const after = String(items.at(-1)?.seq ?? 0);
        const { more } = await ask<{ more: boolean }>("feed.comments", { post, after, limit: String(limit) }, { signal });
        return more;
      },
      async loadPost(post, { signal } = {}) {
        return (await ask<{ post: Post }>("feed.post", { post }, { signal })).post;
      },
    };
  },
};
