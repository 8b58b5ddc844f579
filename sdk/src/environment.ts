/** The part of WebSocket that is used. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket;

/** Milliseconds since 1970, and milliseconds that never jump. */
export interface Clock {
  now(): number;
  monotonic(): number;
}

export interface Timers {
  set(run: () => void, afterMs: number): unknown;
  clear(timer: unknown): void;
}

/** The part of the web's Storage that is used. */
export interface KeyValueStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The part of the Web Locks API that is used. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean },
    run: (lock: unknown) => Promise<void> | void,
  ): Promise<unknown>;
}

/** Where diagnostics go; nowhere by default. */
export type Logger = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What happens to the page and its network. */
export interface PageEvents {
  /** False only when the browser is sure that there is no network. */
  online(): boolean;
  /** `shown`: back from the background or from the page cache. */
  subscribe(listener: (what: "online" | "offline" | "shown") => void): () => void;
}

/** Each is optional; in a browser the defaults are what you want. */
export interface EnvironmentOptions {
  /** The server, "https://live.example". Default: where the page came from. */
  readonly url?: string | undefined;
  readonly WebSocket?: SocketConstructor | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Keeps unanswered commands over a reload. Default: localStorage with Web Locks, else sessionStorage. null: none. */
  readonly storage?: KeyValueStorage | null | undefined;
  /** Tells whether another tab still owns stored commands. Default: navigator.locks. null: none. */
  readonly locks?: Locks | null | undefined;
  readonly clock?: Clock | undefined;
  /** 0 <= random() < 1, as Math.random. */
  readonly random?: (() => number) | undefined;
  readonly timers?: Timers | undefined;
  readonly page?: PageEvents | undefined;
  readonly logger?: Logger | undefined;
}

/** Everything the SDK takes from outside, in one place. */
export interface Environment {
  /** Without a slash at the end. */
  readonly url: string;
  /** Whether the page's cookies reach the server. */
  readonly cookies: boolean;
  readonly WebSocket: SocketConstructor;
  readonly fetch: typeof fetch;
  readonly storage: KeyValueStorage | null;
  readonly locks: Locks | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timers: Timers;
  readonly page: PageEvents;
  readonly logger: Logger;
}

export function environmentOf(options: EnvironmentOptions): Environment {
  const origin = globalThis.location?.origin;
  const url = (options.url ?? origin ?? "").replace(/\/+$/, "");
  const WebSocket = options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined);
  if (!url) throw new Error("createClient needs a url outside of a browser.");
  if (!WebSocket) throw new Error("createClient needs a WebSocket here: pass one in its options.");
  const locks = options.locks === undefined ? (globalThis.navigator?.locks as Locks | undefined) ?? null : options.locks;
  return {
    url,
    cookies: url === origin,
    WebSocket,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    storage: options.storage === undefined ? webStorage(locks) : options.storage,
    locks,
    clock: options.clock ?? { now: () => Date.now(), monotonic: () => performance.now() },
    random: options.random ?? Math.random,
    timers: options.timers ?? { set: (run, afterMs) => setTimeout(run, afterMs), clear: (t) => clearTimeout(t as number) },
    page: options.page ?? browserPage,
    logger: options.logger ?? (() => {}),
  };
}

/** Without locks a tab cannot know whose commands lie in localStorage; sessionStorage is the tab's own. */
function webStorage(locks: Locks | null): KeyValueStorage | null {
  try {
    return (locks ? globalThis.localStorage : globalThis.sessionStorage) ?? null;
  } catch {
    return null; // blocked by the person's settings
  }
}

const browserPage: PageEvents = {
  online: () => globalThis.navigator?.onLine !== false,
  subscribe(listener) {
    const document = globalThis.document;
    if (!document) return () => {};
    const ending = new AbortController();
    const { signal } = ending;
    globalThis.addEventListener("online", () => listener("online"), { signal });
    globalThis.addEventListener("offline", () => listener("offline"), { signal });
    globalThis.addEventListener("pageshow", () => listener("shown"), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && listener("shown"), { signal });
    return () => ending.abort();
  },
};
