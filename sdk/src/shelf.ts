import type { Environment } from "./environment.js";

/** A stored command: enough to send it again under the same op. */
export interface Kept {
  readonly n: number;
  readonly type: string;
  readonly data: unknown;
  readonly at: number;
  readonly member?: string | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

const prefix = "roomful:outbox:";

/**
 * Where a room's unanswered commands outlive their page.
 *
 * One record per client and room: `roomful:outbox:<client>:<room>`. A page
 * makes a new client name each time, so two tabs never share one; a record
 * goes with its last command, so a client with nothing to say leaves nothing.
 * What others left is adopted under its own op ids: should two tabs send the
 * same leftover, it is the same op with the same payload, and applies once.
 * A Web Lock per record, held by its writer, keeps tabs off records of the
 * living; without locks the storage is the tab's own.
 */
export class Shelf {
  readonly #env: Environment;
  readonly #room: string;
  readonly #client: string;
  readonly #releases = new Map<string, () => void>(); // locks held, by record
  #closed = false;

  constructor(env: Environment, room: string, client: string) {
    this.#env = env;
    this.#room = room;
    this.#client = client;
  }

  /** Replaces a client's record; an empty one is removed. */
  keep(client: string, commands: readonly Kept[]): void {
    const key = this.#key(client);
    if (commands.length > 0) this.#hold(key);
    this.#try(() => {
      if (commands.length > 0) this.#env.storage?.setItem(key, JSON.stringify(commands));
      else this.#env.storage?.removeItem(key);
    });
    if (commands.length === 0 && client !== this.#client) this.#release(key);
  }

  /** Hands over each record whose writer is gone. */
  adopt(take: (client: string, commands: readonly Kept[]) => void): void {
    for (const key of this.#leftovers()) {
      const hand = () => take(key.slice(prefix.length, -this.#room.length - 1), this.#read(key));
      if (!this.#env.locks) hand();
      else this.#hold(key, hand);
    }
  }

  close(): void {
    this.#closed = true;
    for (const key of [...this.#releases.keys()]) this.#release(key);
  }

  #key(client: string): string {
    return `${prefix}${client}:${this.#room}`;
  }

  #leftovers(): string[] {
    const found: string[] = [];
    this.#try(() => {
      const { storage } = this.#env;
      for (let i = 0; i < (storage?.length ?? 0); i++) {
        const key = storage?.key(i) ?? "";
        if (key.startsWith(prefix) && key.endsWith(":" + this.#room) && key !== this.#key(this.#client)) found.push(key);
      }
    });
    return found.sort();
  }

  #read(key: string): Kept[] {
    let kept: unknown;
    this.#try(() => (kept = JSON.parse(this.#env.storage?.getItem(key) ?? "[]")));
    return Array.isArray(kept) ? (kept as Kept[]) : [];
  }

  /** Takes a record's lock until it is released; with `then`, only if it is free. */
  #hold(key: string, then?: () => void): void {
    const { locks, logger } = this.#env;
    if (!locks || this.#releases.has(key)) return;
    const held = new Promise<void>((release) => this.#releases.set(key, release));
    locks
      .request(key, { ifAvailable: then !== undefined }, (lock) => {
        if (lock && !this.#closed) then?.();
        else this.#releases.delete(key);
        return lock && !this.#closed ? held : undefined;
      })
      .catch((error) => logger("no lock", { key, error: String(error) }));
  }

  #release(key: string): void {
    this.#releases.get(key)?.();
    this.#releases.delete(key);
  }

  #try(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#env.logger("storage failed", { error: String(error) }); // full or blocked: commands live as long as the page
    }
  }
}
