import type { RoomError } from "./error.js";

/** Something that happened in a room, in the room's order. */
export interface Update {
  readonly seq: number;
  /** Feature, dot, past tense: "feed.posted". */
  readonly type: string;
  /** Milliseconds since 1970, the server's clock. */
  readonly at: number;
  /** The member behind it, unless that is nobody or nobody's business. */
  readonly by?: string;
  /** The command behind it, "client:n", where one command made it. */
  readonly op?: string;
  readonly data: unknown;
}

/** What a command carries and what its reply brings. */
export interface Command<Data, Reply = Record<string, never>> {
  readonly data: Data;
  readonly reply: Reply;
}

/** Command types of one feature: `{"feed.post": Command<{text: string}, {post: string}>}`. */
export type Commands = { readonly [type: string]: Command<unknown, unknown> };

/**
 * How far a command of ours has come, as a person sees it:
 *
 *     local ──► sent ──► confirmed (and then it is no longer listed)
 *       │        │ ▲
 *       │        ▼ │
 *       └────► queued      no link, or the server asked to wait: it will be sent by itself
 *                │
 *     refused ◄──┘         stays listed with `error` until retry() or discard()
 */
export type Delivery = "local" | "sent" | "confirmed" | "queued" | "refused";

/** A command of ours that the room's state does not show yet. */
export interface Pending {
  /** Stable while it is listed, also when it is numbered anew: fit for a list key. */
  readonly key: string;
  readonly type: string;
  readonly data: unknown;
  /** When it was made, milliseconds since 1970, server time as far as known. */
  readonly at: number;
  readonly delivery: Delivery;
  /** Why it was refused. */
  readonly error?: RoomError;
  /** Sends a refused command again, as a new one. */
  retry(): void;
  /** Drops a command that was refused or has never left this device; else does nothing. */
  discard(): void;
}

/** Who is looking. */
export interface FoldContext {
  /** Our own member id in this room, if we have one. */
  readonly member: string | undefined;
}

/** A page that a query brought, as of `seq`. */
export interface Page {
  readonly query: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly result: unknown;
  readonly seq: number;
  /** Updates of this feature that we folded after `seq`: the page does not have them, the state does. */
  readonly since: readonly Update[];
}

/** Asks the server a feature's paged read and merges the answer into the state. */
export type Ask = <R>(
  query: string,
  args: Record<string, unknown>,
  options?: { signal?: AbortSignal | undefined },
) => Promise<R>;

/**
 * The client half of a feature: pure functions that build the same state as
 * the server's. None may change its arguments; each returns `state` itself if
 * nothing changed.
 */
export interface Feature<S, C extends Commands = Commands, Reads extends object = object> {
  /** What its commands and updates begin with: "feed". */
  readonly name: string;
  /** The state before the first view. */
  readonly initial: S;
  /** The state that a view (and our own part of it) describes. */
  open(view: unknown, mine: unknown, context: FoldContext): S;
  /** Folds one update. Updates of unknown type change nothing. */
  fold(state: S, update: Update, context: FoldContext): S;
  /** Shows a command of ours as if it had been accepted. Run again over each new server state. */
  optimistic?(state: S, command: Pending, context: FoldContext): S;
  /** Shows a refused command that should stay in sight. Without it a refusal rolls back. */
  refused?(state: S, command: Pending, context: FoldContext): S;
  /**
   * The register that a command sets, if it sets one: "react/p9/heart". Of the
   * commands on one register that have not left this device only the last goes.
   */
  register?(type: string, data: unknown): string | undefined;
  /** Merges a page. An older entity never overwrites a newer one. */
  merge?(state: S, page: Page, context: FoldContext): S;
  /** Adds typed reads to the handle: `loadOlder()`. */
  reads?(ask: Ask, getSnapshot: () => S): Reads;
  /** Command types and payloads: for the compiler, never set. */
  readonly commands?: C;
}
