import { Connection } from "./connection.js";
import type { Status } from "./connection.js";
import { environmentOf } from "./environment.js";
import type { Environment, EnvironmentOptions } from "./environment.js";
import { post } from "./http.js";
import type { Readable } from "./readable.js";
import { Room } from "./room.js";
import type { RoomHandle, RoomOptions } from "./room.js";

export type { Status } from "./connection.js";

export interface ClientOptions extends EnvironmentOptions {
  /** A bearer token. Default: the cookie of the page's origin, else anonymous. */
  readonly token?: string | undefined;
}

export interface CreatedEvent {
  /** "event/ab12cd34": for client.room(). */
  readonly room: string;
  readonly code: string;
  /** The page to share. */
  readonly url: string;
  /** The page to run it from on another device: as good as the owner's password. */
  readonly host: string;
  /** Our member id. */
  readonly member: string;
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
  createEvent(event: { name: string; preset?: string | undefined }, options?: { signal?: AbortSignal | undefined }): Promise<CreatedEvent>;
  /** Joins an event by its code, with a name; again: the same member. This client becomes that member. */
  joinEvent(code: string, as: { name: string }, options?: { signal?: AbortSignal | undefined }): Promise<JoinedEvent>;
  /** Goes on as whoever `token` names (undefined: the cookie), also from `needs_auth`. Rooms get a new view. */
  authenticate(token: string | undefined): void;
  /** Tries at once, from any status but `stopped` by close(): the "Reconnect now" button. */
  reconnect(): void;
  /** Ends everything: no socket, no timer, no listener is left. Unanswered commands stay stored. */
  close(): void;
}

/** Connects nothing until a room is watched. */
export function createClient(options: ClientOptions = {}): Client {
  return new RoomfulClient(environmentOf(options), options.token);
}

class RoomfulClient implements Client {
  readonly status: Readable<Status>;
  readonly trouble: Readable<string | undefined>;
  readonly #env: Environment;
  readonly #link: Connection;
  readonly #rooms = new Map<string, Room>();
  readonly #name: string; // of our outboxes
  #token: string | undefined;

  constructor(env: Environment, token: string | undefined) {
    this.#env = env;
    this.#token = token;
    this.#name = randomName(env.random);
    this.#link = new Connection(
      env,
      {
        opened: () => this.#each((room) => room.opened()),
        linked: () => this.#each((room) => room.linked()),
        dropped: () => this.#each((room) => room.dropped()),
        frame: (id, frame) => this.#rooms.get(id)?.frame(frame),
      },
      token,
    );
    this.status = this.#link.status;
    this.trouble = this.#link.trouble;
  }

  room(id: string, { only }: RoomOptions = {}): RoomHandle {
    const known = this.#rooms.get(id);
    const room = known ?? new Room(this.#env, this.#link, id, this.#name, () => this.#wantLink());
    this.#rooms.set(id, room);
    room.widen(only, !known);
    return room;
  }

  serverTime(): number {
    return this.#link.time.now();
  }

  async createEvent(event: { name: string; preset?: string | undefined }, options?: { signal?: AbortSignal | undefined }): Promise<CreatedEvent> {
    const created = await this.#post<CreatedEvent>("/v1/events", event, options?.signal);
    this.#become(created.token);
    return created;
  }

  async joinEvent(code: string, as: { name: string }, options?: { signal?: AbortSignal | undefined }): Promise<JoinedEvent> {
    const joined = await this.#post<JoinedEvent>(`/v1/events/${encodeURIComponent(code)}/join`, as, options?.signal);
    this.#become(joined.token);
    return joined;
  }

  authenticate(token: string | undefined): void {
    this.#token = token;
    this.#link.authenticate(token);
    this.#each((room) => room.rejoin());
  }

  reconnect(): void {
    this.#link.reconnect();
  }

  close(): void {
    this.#each((room) => room.close());
    this.#link.close();
  }

  #each(tell: (room: Room) => void): void {
    for (const room of [...this.#rooms.values()]) tell(room);
  }

  #wantLink(): void {
    this.#link.want([...this.#rooms.values()].some((room) => room.entered));
  }

  #post<T>(path: string, body: object, signal: AbortSignal | undefined): Promise<T> {
    return post<T>(this.#env, path, { body, token: this.#token, signal });
  }

  /** The server has set a cookie too; where it does not reach us, the token does. A new link shows either. */
  #become(token: string): void {
    this.authenticate(this.#env.cookies && this.#token === undefined ? undefined : token);
  }
}

/** 12 characters of 36: two of a million tabs meet with a chance of 1 in 10 million. */
function randomName(random: () => number): string {
  const letter = () => Math.floor(random() * 36).toString(36);
  return Array.from({ length: 12 }, letter).join("");
}
