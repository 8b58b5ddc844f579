import { backoffMs } from "./backoff.js";
import type { Environment, Socket } from "./environment.js";
import { RoomError } from "./error.js";
import { Store } from "./readable.js";
import { ServerTime } from "./servertime.js";
import { decode, subprotocol } from "./wire.js";
import type { Answers, Requests, ServerFrame, WireError } from "./wire.js";

/**
 * The state of the link, for a pill on the screen:
 *
 *     connecting ──► live ◄──► slow            slow: round trips over 1 s
 *                     │ ▲
 *       2 s no link   ▼ │ hello answered
 *                reconnecting ──► offline      after 15 s, or the browser says so
 *                     │  ▲
 *                     ▼  │
 *                server_trouble                the server answers, with an error; tried again
 *
 *     needs_auth     sign in, then authenticate()
 *     update_needed  the server no longer speaks this version: reload the page
 *     stopped        closed, or the server said not to come back
 *
 * `connecting` is also the status while no room needs a link.
 */
export type Status =
  | "connecting"
  | "live"
  | "slow"
  | "reconnecting"
  | "offline"
  | "server_trouble"
  | "update_needed"
  | "needs_auth"
  | "stopped";

/**
 * The link itself:
 *
 *     resting ──want──► opening ──open──► greeting ──hello ok──► linked
 *        ▲                 │                  │                    │
 *        │ unwant          └─────── drop ─────┴──► waiting ◄───────┘
 *        │                                            │ backoff, or at once when the page wakes
 *     (any)                                           └──► opening
 *     (any) ──told not to come back──► halted ──authenticate, reconnect──► opening
 */
type Phase = "resting" | "opening" | "greeting" | "linked" | "waiting" | "halted";

/** Who is told what the link does. Calls come from one place at a time, never from within request(). */
export interface LinkUser {
  /** A socket is open and hello is on its way: joins may follow it. */
  opened(): void;
  /** Hello was answered: commands and queries may go. */
  linked(): void;
  /** The link is gone. Requests without an answer will get none. */
  dropped(): void;
  /** A frame of a room. */
  frame(room: string, frame: ServerFrame): void;
}

interface Waiting {
  ok(answer: Record<string, unknown>): void;
  fail(error: RoomError): void;
}

const openingMs = 10_000; // a handshake that takes longer is on a network that swallowed it
const deadMs = 45_000; // silence, though we ping every 25 s
const probeMs = 3_000; // what a link has to answer in, when its page comes back
const steadyMs = 5_000; // a link that held this long makes the next backoff start anew
const blipMs = 2_000; // shorter breaks are not shown
const offlineMs = 15_000; // longer ones are called by their name
const slowMs = 1_000;
const lateMs = 5_000; // a timer later than this slept with its page
const sdk = "js/0.1.0";

const haltedBy: Readonly<Record<string, Status>> = {
  unauthenticated: "needs_auth",
  invalid: "update_needed",
  forbidden: "stopped",
  banned: "stopped",
  not_found: "stopped",
  gone: "stopped",
  too_large: "stopped",
};

/** The error that a close code stands for, from the wire's table; undefined for an ordinary drop. */
function errorOfClose(code: number, reason: string): WireError | undefined {
  const named: Record<number, string> = { 4400: "invalid", 4401: "unauthenticated", 4404: "not_found", 4405: "banned", 4410: "gone", 1011: "internal", 1012: "drain", 1013: "busy" };
  const found = named[code] ?? (code >= 4400 && code < 4500 ? "forbidden" : undefined);
  return found === undefined ? undefined : { code: found, message: reason };
}

/** One WebSocket, kept open while it is wanted. */
export class Connection {
  readonly status = new Store<Status>("connecting");
  /** What the server said about the trouble we are in, for people. */
  readonly trouble = new Store<string | undefined>(undefined);
  readonly time: ServerTime;
  /** Who the server says we are; undefined when anonymous. */
  member: string | undefined;

  readonly #env: Environment;
  readonly #user: LinkUser;
  readonly #unwatch: () => void;
  #token: string | undefined;
  #phase: Phase = "resting";
  #halt: Status = "stopped";
  #closed = false;

  #socket: Socket | undefined;
  #requests = new Map<number, Waiting>();
  #lastId = 0;

  #attempt = 0; // failures since the last steady link
  #notBefore = 0; // the server's own slot for us, monotonic ms
  #linkedAt = 0;
  #brokenSince: number | undefined; // undefined: linked or resting
  #everLinked = false;
  #inTrouble = false;

  #heardAt = 0;
  #lastPing = 0;
  #pingedAt: number | undefined; // the ping not answered yet
  #probing = false;
  #pingMs = 25_000;
  #roundTrips: number[] = [];

  #asking: AbortController | undefined; // why handshakes fail
  #timer: unknown; // opening, waiting or keeping alive, by phase
  #statusTimer: unknown;

  constructor(env: Environment, user: LinkUser, token: string | undefined) {
    this.#env = env;
    this.#user = user;
    this.#token = token;
    this.time = new ServerTime(env.clock);
    this.#unwatch = env.page.subscribe((what) => this.#pageChanged(what));
  }

  get linked(): boolean {
    return this.#phase === "linked";
  }

  /** Whether frames can be sent: joins may follow hello without waiting for its answer. */
  get open(): boolean {
    return this.#phase === "linked" || this.#phase === "greeting";
  }

  /** Opens the link, or lets it go. */
  want(wanted: boolean): void {
    if (this.#closed) return;
    if (wanted && this.#phase === "resting") {
      this.#brokenSince = this.#now();
      this.#connect();
    } else if (!wanted && this.#phase !== "resting" && this.#phase !== "halted") {
      this.#rest();
    }
  }

  authenticate(token: string | undefined): void {
    this.#token = token;
    if (this.#phase !== "resting") this.reconnect();
  }

  /** Tries at once, with a new socket. */
  reconnect(): void {
    if (this.#closed || this.#phase === "resting") return;
    const anew = this.#phase === "halted";
    this.#discard();
    this.#attempt = 0;
    this.#everLinked &&= !anew;
    this.#brokenSince = anew ? this.#now() : this.#brokenSince ?? this.#now();
    this.#connect();
  }

  close(): void {
    if (this.#closed) return;
    this.#rest();
    this.#closed = true;
    this.#unwatch();
    this.#showStatus();
  }

  /** Sends a request if the link is open. The callbacks run at most once, and not at all if the link drops first. */
  request<V extends keyof Requests>(
    verb: V,
    body: Requests[V],
    ok: (answer: Answers[V]) => void,
    fail: (error: RoomError) => void,
  ): void {
    if (!this.open) return;
    const id = ++this.#lastId;
    this.#requests.set(id, { ok: ok as Waiting["ok"], fail });
    this.#send({ id, [verb]: body });
  }

  // --- opening and dropping

  #connect(): void {
    this.#phase = "opening";
    this.#arm(openingMs, () => this.#drop());
    const socket = new this.#env.WebSocket(this.#env.url.replace(/^http/, "ws") + "/v1/live", [subprotocol]);
    this.#socket = socket;
    socket.onopen = () => this.#greet();
    socket.onmessage = ({ data }) => typeof data === "string" && this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#drop(errorOfClose(code, reason));
    socket.onerror = () => {}; // a close follows
    this.#showStatus();
  }

  #greet(): void {
    const asked = this.#now();
    this.#phase = "greeting"; // still under the opening timer
    this.#heardAt = asked;
    this.request(
      "hello",
      { token: this.#token, sdk },
      (answer) => this.#greeted(asked, answer),
      (error) => this.#drop(error),
    );
    this.#user.opened();
  }

  #greeted(asked: number, { member, time, pingMs }: Answers["hello"]): void {
    const now = this.#now();
    this.#phase = "linked";
    this.#linkedAt = this.#lastPing = now;
    this.#brokenSince = undefined;
    this.#everLinked = true;
    this.#inTrouble = false;
    this.#probing = false;
    this.#pingedAt = undefined;
    this.#roundTrips = [now - asked];
    this.#pingMs = Math.min(40_000, Math.max(5_000, pingMs ?? 25_000));
    this.member = member || undefined;
    if (time !== undefined) this.time.add(asked, now, time);
    this.trouble.set(undefined);
    this.#keepAlive();
    this.#showStatus();
    this.#user.linked();
  }

  /** The link broke or did not come to be; `error` is what the server said about it. */
  #drop(error?: WireError): void {
    const { message = "", retryAfterMs = 0, code = "" } = error ?? {};
    this.#env.logger("link dropped", { code, message, retryAfterMs, phase: this.#phase });
    const neverOpened = this.#phase === "opening";
    const wasSteady = this.#phase === "linked" && this.#now() - this.#linkedAt >= steadyMs;
    this.#discard();
    this.#brokenSince ??= this.#now();
    const halt = haltedBy[code];
    if (halt) return this.#halted(halt, message);

    this.#inTrouble = code !== "" && code !== "drain";
    this.trouble.set(this.#inTrouble && message ? message : undefined);
    if (wasSteady) this.#attempt = 0;
    const delay = retryAfterMs || backoffMs(this.#attempt++, this.#env.random);
    this.#notBefore = this.#now() + retryAfterMs;
    this.#phase = "waiting";
    this.#arm(delay, () => this.#connect());
    this.#showStatus();
    if (neverOpened && this.#attempt > 1) void this.#askWhy();
  }

  /** Says who is at fault when a handshake fails: browsers hide its answer, so ask once more over plain HTTP. */
  async #askWhy(): Promise<void> {
    try {
      this.#asking = new AbortController();
      const { status } = await this.#env.fetch(this.#env.url + "/v1/live", { signal: this.#asking.signal });
      if (this.#phase !== "waiting") return;
      this.#inTrouble = status >= 500;
      this.#showStatus();
    } catch {
      // Nobody answers: that is what the status says already.
    }
  }

  #halted(status: Status, message: string): void {
    this.#phase = "halted";
    this.#halt = status;
    this.trouble.set(message || undefined);
    this.#showStatus();
  }

  #rest(): void {
    this.#discard();
    this.#phase = "resting";
    this.#brokenSince = undefined;
    this.#everLinked = false;
    this.#inTrouble = false;
    this.trouble.set(undefined);
    this.#showStatus();
  }

  /** Lets the socket go without waiting for it: from here on nothing it does reaches us. */
  #discard(): void {
    const socket = this.#socket;
    const wasOpen = this.open;
    this.#disarm();
    this.#asking?.abort();
    this.#requests.clear();
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    this.#phase = "waiting";
    if (wasOpen) this.#user.dropped();
  }

  #pageChanged(what: "online" | "offline" | "shown"): void {
    if (what !== "offline") this.#wake();
    this.#showStatus();
  }

  #wake(): void {
    if (this.#phase === "linked") return this.#probe();
    if (this.#phase !== "waiting") return;
    this.#attempt = 0;
    this.#arm(Math.max(0, this.#notBefore - this.#now()), () => this.#connect());
  }

  // --- keeping alive

  #keepAlive(): void {
    const due = Math.max(this.#now(), Math.min(this.#lastPing + this.#pingMs, this.#heardAt + deadMs));
    this.#arm(due - this.#now(), () => {
      const now = this.#now();
      if (now - due > lateMs) return this.#probe();
      if (now - this.#heardAt >= deadMs) return this.#drop();
      if (now - this.#lastPing >= this.#pingMs) this.#ping();
      this.#keepAlive();
    });
  }

  #probe(): void {
    if (this.#probing) return;
    const asked = this.#now();
    this.#probing = true;
    this.#ping();
    this.#arm(probeMs, () => {
      this.#probing = false;
      if (this.#heardAt <= asked) return this.#drop();
      this.#keepAlive();
    });
  }

  #ping(): void {
    this.#lastPing = this.#now();
    this.#pingedAt ??= this.#lastPing;
    this.#send({});
  }

  #ponged(): void {
    if (this.#pingedAt === undefined) return;
    this.#roundTrips = [...this.#roundTrips, this.#now() - this.#pingedAt].slice(-5);
    this.#pingedAt = undefined;
    this.#showStatus();
  }

  // --- frames

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #receive(text: string): void {
    this.#heardAt = this.#now();
    let frames: ServerFrame[];
    try {
      frames = decode(text);
    } catch (error) {
      return this.#env.logger("not a frame", { error: String(error) });
    }
    const socket = this.#socket;
    for (const frame of frames) {
      if (this.#socket !== socket) return; // a frame before said goodbye
      this.#dispatch(frame);
    }
  }

  #dispatch(frame: ServerFrame): void {
    if (frame.id !== undefined) this.#answered(frame.id, frame);
    else if (frame.room !== undefined) this.#user.frame(frame.room, frame);
    else if (frame.bye) this.#drop(frame.bye);
    else if (Object.keys(frame).length === 0) this.#ponged();
  }

  #answered(id: number, { ok, error }: ServerFrame): void {
    const waiting = this.#requests.get(id);
    if (!waiting) return;
    this.#requests.delete(id);
    if (error) waiting.fail(new RoomError(error.code, error.message ?? error.code, error.retryAfterMs));
    else waiting.ok(ok ?? {});
  }

  // --- status

  #showStatus(): void {
    this.#env.timers.clear(this.#statusTimer);
    this.status.set(this.#statusNow());
    if (this.#brokenSince === undefined || this.#phase === "halted") return;
    const broken = this.#now() - this.#brokenSince;
    const next = [blipMs, offlineMs].find((ms) => ms > broken);
    if (next !== undefined) this.#statusTimer = this.#env.timers.set(() => this.#showStatus(), next - broken);
  }

  #statusNow(): Status {
    if (this.#closed) return "stopped";
    if (this.#phase === "halted") return this.#halt;
    if (this.#phase === "linked") return this.#isSlow() ? "slow" : "live";
    if (this.#phase === "resting") return "connecting";
    if (!this.#env.page.online()) return "offline";
    const broken = this.#now() - (this.#brokenSince ?? this.#now());
    if (broken < blipMs) return this.#everLinked ? this.status.getSnapshot() : "connecting";
    if (this.#inTrouble) return "server_trouble";
    if (broken >= offlineMs) return "offline";
    return this.#everLinked ? "reconnecting" : "connecting";
  }

  #isSlow(): boolean {
    const sorted = [...this.#roundTrips].sort((a, b) => a - b);
    return (sorted[Math.floor(sorted.length / 2)] ?? 0) > slowMs;
  }

  #now(): number {
    return this.#env.clock.monotonic();
  }

  #arm(afterMs: number, run: () => void): void {
    this.#disarm();
    this.#timer = this.#env.timers.set(run, afterMs);
  }

  #disarm(): void {
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
  }
}
