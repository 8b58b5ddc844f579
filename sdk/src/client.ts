import type { Clock, KeyValueStorage, Locks, Logger, SocketConstructor, Timers } from "./environment.js";
import type { Readable } from "./readable.js";
import type { RoomHandle, RoomOptions } from "./room.js";
import type { Status } from "./connection.js";

export type { Status } from "./connection.js";

/** Each is optional; in a browser the defaults are what you want. */
export interface ClientOptions {
  /** The server, "https://live.example". Default: where the page came from. */
  readonly url?: string;
  /** A bearer token. Default: the cookie of the page's origin, else anonymous. */
  readonly token?: string;
  readonly WebSocket?: SocketConstructor;
  readonly fetch?: typeof fetch;
  /** Keeps unanswered commands over a reload. Default: localStorage with Web Locks, else sessionStorage; null: none. */
  readonly storage?: KeyValueStorage | null;
  /** Tells whether another tab still owns stored commands. Default: navigator.locks. */
  readonly locks?: Locks | null;
  readonly clock?: Clock;
  /** 0 <= random() < 1, as Math.random. */
  readonly random?: () => number;
  readonly timers?: Timers;
  readonly logger?: Logger;
}

export interface CreatedEvent {
  /** "event/ab12cd34": for client.room(). */
  readonly room: string;
  readonly code: string;
  /** The page to share. */
  readonly url: string;
  readonly token: string;
}

export interface JoinedEvent {
  /** Our member id. */
  readonly member: string;
  readonly token: string;
}

/** One connection to one server, shared by its rooms, open while a room needs it. */
export interface Client {
  readonly status: Readable<Status>;
  /** What the server said about the last trouble, for people; undefined when all is well. */
  readonly trouble: Readable<string | undefined>;
  /** The handle of a room: the same object for the same id. Joins nothing by itself. */
  room(id: string, options?: RoomOptions): RoomHandle;
  /** The server's clock, milliseconds since 1970. It ignores jumps of the device's clock. */
  serverTime(): number;
  /** Makes an event and becomes its owner, on this client too. */
  createEvent(event: { name: string; preset?: string }, options?: { signal?: AbortSignal }): Promise<CreatedEvent>;
  /** Joins an event by its code, with a name; again: the same member. This client becomes that member. */
  joinEvent(code: string, as: { name: string }, options?: { signal?: AbortSignal }): Promise<JoinedEvent>;
  /** Goes on as whoever `token` names (undefined: the cookie), also from `needs_auth`. Rooms get a new view. */
  authenticate(token: string | undefined): void;
  /** Tries at once, from any status but `stopped` by close(): the "Reconnect now" button. */
  reconnect(): void;
  /** Ends everything: no socket, no timer, no listener is left. Unanswered commands stay stored. */
  close(): void;
}

export function createClient(_options: ClientOptions = {}): Client {
  throw new Error("being built");
}
