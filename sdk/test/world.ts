/** Time, a network and a page that a test drives by hand. */
import { createClient } from "../src/index.js";
import type { Client, ClientOptions, KeyValueStorage, PageEvents } from "../src/index.js";

export type Frame = Record<string, any>;

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** One socket of the client, seen from the server. */
export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Frame[] = [];
  closed = false;
  /** Called with each frame the client sends. */
  serve: (frame: Frame) => void = () => {};

  constructor(
    readonly url: string,
    readonly protocols: readonly string[],
  ) {}

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.sent.push(frame);
    this.serve(frame);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.();
  }

  tell(...frames: Frame[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** Answers the last request with that verb. */
  ok(verb: string, answer: Frame = {}): void {
    this.tell({ id: this.last(verb)?.id, ok: answer });
  }

  refuse(verb: string, code: string, retryAfterMs = 0): void {
    this.tell({ id: this.last(verb)?.id, error: { code, message: `No: ${code}.`, retryAfterMs } });
  }

  last(verb: string): Frame | undefined {
    return this.sent.filter((f) => verb in f).at(-1);
  }

  all(verb: string): Frame[] {
    return this.sent.filter((f) => verb in f).map((f) => f[verb]);
  }

  drop(code = 1006, reason = ""): void {
    this.closed = true;
    this.onclose?.({ code, reason });
  }
}

export class MemoryStorage implements KeyValueStorage {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

export class World {
  now = 1_000_000;
  readonly sockets: FakeSocket[] = [];
  online = true;
  random = () => 0.5;
  fetched: string[] = [];
  respond: (url: string, init?: RequestInit) => Promise<Response> = () => Promise.reject(new TypeError("no network"));
  readonly storage = new MemoryStorage();
  readonly listeners = new Set<(what: "online" | "offline" | "shown") => void>();
  #timers = new Set<Timer>();
  #order = 0;
  onsocket: (socket: FakeSocket) => void = () => {};

  get timers(): number {
    return this.#timers.size;
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get live(): FakeSocket[] {
    return this.sockets.filter((s) => !s.closed);
  }

  page(what: "online" | "offline" | "shown"): void {
    for (const listener of [...this.listeners]) listener(what);
  }

  /** Lets time pass, firing timers in order. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = [...this.#timers].filter((t) => t.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = until;
  }

  /** The device slept: time went by, timers fire late. */
  sleep(ms: number): void {
    this.now += ms;
  }

  client(options: Partial<ClientOptions> = {}): Client {
    const world = this;
    const page: PageEvents = {
      online: () => world.online,
      subscribe: (listener) => {
        world.listeners.add(listener);
        return () => void world.listeners.delete(listener);
      },
    };
    return createClient({
      url: "http://test",
      WebSocket: class extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          world.sockets.push(this);
          world.onsocket(this);
        }
      },
      fetch: ((url: string, init?: RequestInit) => {
        world.fetched.push(url);
        return world.respond(url, init);
      }) as typeof fetch,
      storage: world.storage,
      locks: null,
      clock: { now: () => world.now + 5_000_000, monotonic: () => world.now },
      random: () => world.random(),
      timers: {
        set: (run, afterMs) => {
          const timer = { at: world.now + afterMs, order: world.#order++, run };
          world.#timers.add(timer);
          return timer;
        },
        clear: (timer) => void world.#timers.delete(timer as Timer),
      },
      page,
      ...options,
    });
  }
}
