import type { Commands, Feature, Pending } from "./feature.js";
import type { Readable } from "./readable.js";

export interface RoomOptions {
  /** Only these features; all by default. A room asked for twice gets what either asks for. */
  readonly only?: readonly string[];
}

/**
 * Where a room is with us:
 *
 *     idle ──► joining ──► open        idle: nobody watches
 *                │  ▲       │          open: state is shown, kept over short breaks of the link
 *                ▼  │       ▼
 *               refused                see `error`
 */
export type RoomPhase = "idle" | "joining" | "open" | "refused";

/** Why a room does not let us in (any more). */
export interface RoomTrouble {
  readonly reason: "needs_auth" | "forbidden" | "banned" | "not_found" | "gone" | "invalid";
  /** A sentence for people. */
  readonly message: string;
}

/** Newest values that need not last, by key: "people.presence/m_7". */
export type Signals = Readonly<Record<string, unknown>>;

/** A room's feature: its state with our own pending commands on top, and its commands. */
export interface FeatureBase<S, C extends Commands> extends Readable<S> {
  /**
   * Sends a command. Resolves to the reply when it is durable; rejects with
   * RoomError when it is refused (it then also stays in `room.pending`). It
   * outlives breaks of the link and a reload. Aborting takes it back if it has
   * not left this device; otherwise only the waiting ends.
   */
  send<K extends keyof C & string>(
    type: K,
    data: C[K]["data"],
    options?: { signal?: AbortSignal | undefined },
  ): Promise<C[K]["reply"]>;
}

export type FeatureHandle<S, C extends Commands, Reads extends object = object> = FeatureBase<S, C> & Reads;

/** A room as this client sees it. It is joined while something subscribes to any part of it, or retains it. */
export interface RoomHandle {
  readonly id: string;
  readonly phase: Readable<RoomPhase>;
  /** Why we are out; undefined while we are not. */
  readonly error: Readable<RoomTrouble | undefined>;
  readonly signals: Readable<Signals>;
  /** Our own member id here; undefined when anonymous or not known yet. */
  readonly member: Readable<string | undefined>;
  /** Our own part of the last view, by feature, as the server sent it. Features merge it into their state. */
  readonly mine: Readable<Readonly<Record<string, unknown>>>;
  /** Our commands that the state does not show yet, refused ones included; oldest first. */
  readonly pending: Readable<readonly Pending[]>;
  /** The typed handle of a feature: the same object each time. */
  feature<S, C extends Commands, Reads extends object>(feature: Feature<S, C, Reads>): FeatureHandle<S, C, Reads>;
  /** A paged read, as it is; resolves when the room's state is as new as the answer. */
  query(
    name: string,
    args?: Record<string, unknown>,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<unknown>;
  /** Keeps the room joined until the returned function is called. */
  retain(): () => void;
  /** Asks again after a refusal. */
  rejoin(): void;
  /** Leaves now, whoever watches, and forgets the state. The next subscriber or retain() joins anew. */
  leave(): void;
}
