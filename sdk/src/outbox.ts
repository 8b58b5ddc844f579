import type { Environment } from "./environment.js";
import { RoomError } from "./error.js";
import type { Delivery, Pending } from "./feature.js";
import { Store } from "./readable.js";
import { Shelf } from "./shelf.js";
import type { Kept } from "./shelf.js";
import type { Answers } from "./wire.js";

/**
 * A room's outbox: commands in order, each with an op id `client:n` that
 * stays with it until it is answered, over any number of links and reloads,
 * so that the room applies it exactly once.
 *
 * An entry leaves when the room's state shows it: confirmed, and the room
 * has reached the reply's seq. A refused one stays until the person decides.
 */
interface Entry {
  readonly key: string;
  client: string;
  n: number;
  readonly type: string;
  readonly data: unknown;
  readonly at: number;
  readonly member: string | undefined; // who wrote it, if that was known
  delivery: Delivery;
  sent: boolean; // has left this device at least once under this op
  inFlight: boolean; // on the present link, without an answer
  waits: boolean; // the server asked to wait
  register: string | undefined; // what it sets
  told: boolean; // its updates are in the state already
  seq: number; // the reply's, when confirmed
  error: RoomError | undefined;
  resolve: (reply: unknown) => void;
  reject: (error: unknown) => void;
  shown: Pending | undefined; // rebuilt after a change
}

/** What an outbox needs from its room. */
export interface Dispatch {
  readonly room: string;
  /** This tab's name for the outbox. */
  readonly client: string;
  linked(): boolean;
  /** Who the link says we are. */
  member(): string | undefined;
  now(): number;
  send(entry: { type: string; op: string; data: unknown }, ok: (answer: Answers["send"]) => void, fail: (error: RoomError) => void): void;
  /** Entries changed: show the state anew, settle what can be. */
  changed(): void;
}

const window = 32; // what the server remembers of a client: never send n while n-32 is unanswered
const maxRefused = 50; // nobody reads further back
const settleMs = 10_000; // the slowest pace of counts; later nothing visible leads to a reply's seq
const foreign = "You are somebody else now. Try again to send it as yourself.";
const waitMs = 1_000; // when the server asks to wait without saying how long

export class Outbox {
  /** What is not in the state yet, for people. */
  readonly pending = new Store<readonly Pending[]>([]);

  readonly #env: Environment;
  readonly #to: Dispatch;
  readonly #shelf: Shelf;
  #entries: Entry[] = [];
  #lastN = 0;
  #waitTimer: unknown;
  #settleTimer: unknown;
  #closed = false;

  constructor(env: Environment, to: Dispatch) {
    this.#env = env;
    this.#to = to;
    this.#shelf = new Shelf(env, to.room, to.client);
  }

  /** Whether the room must stay joined for it. */
  get busy(): boolean {
    return this.#entries.some((e) => e.delivery !== "refused");
  }

  /** Whether commands that may be in the room's state already still wait for that to be told. */
  get unsure(): boolean {
    return this.#entries.some((e) => e.sent && !e.waits && (e.delivery === "sent" || e.delivery === "queued"));
  }

  /** Commands of a feature that its shown state has to add, in order. */
  of(feature: string): readonly Pending[] {
    const prefix = feature + ".";
    return this.#entries.filter((e) => !e.told && e.type.startsWith(prefix)).map((e) => this.#show(e));
  }

  /** Takes over what earlier pages and dead tabs left unanswered. */
  restore(): void {
    this.#shelf.adopt((client, kept) => {
      if (this.#closed) return;
      const leftovers = kept.map((k) => this.#entry(client, k));
      this.#entries = [...leftovers, ...this.#entries]; // they were first
      if (leftovers.length > 0) this.#changed();
    });
  }

  /** Adds a command and sends it as soon as its turn comes. */
  add(type: string, data: unknown, register: string | undefined, signal: AbortSignal | undefined): Promise<unknown> {
    const entry = this.#entry(this.#to.client, {
      n: ++this.#lastN,
      type,
      data: JSON.parse(JSON.stringify(data ?? {})), // what is sent again must be what was sent
      at: this.#to.now(),
      member: this.#to.member(),
    });
    entry.sent = false;
    entry.register = register;
    const reply = new Promise<unknown>((resolve, reject) => Object.assign(entry, { resolve, reject }));
    this.#supersede(entry, reply);
    this.#entries.push(entry);
    this.#keep(entry.client);
    const abort = () => this.#abort(entry, signal?.reason);
    const done = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    reply.then(done, done); // a refusal is in `pending` too, for callers who do not wait
    this.#changed();
    return reply;
  }

  /** Sends what may go now. */
  flush(): void {
    if (this.#sendDue()) this.#shows();
  }

  /** The link broke: whatever had no answer goes again on the next. */
  dropped(): void {
    for (const entry of this.#entries) {
      entry.inFlight = false;
      if (this.#unanswered(entry)) this.#mark(entry, "queued");
    }
    this.#shows();
  }

  /** An update of ours was folded. */
  tell(op: string): void {
    const entry = this.#entries.find((e) => opOf(e) === op);
    if (entry) entry.told = true;
  }

  /** The room's state stands at `seq`: what it shows leaves the list. */
  settle(seq: number): void {
    const left = this.#entries.filter((e) => e.delivery !== "confirmed" || e.seq > seq);
    if (left.length === this.#entries.length) return;
    this.#entries = left;
    if (left.every((e) => e.delivery !== "confirmed")) this.#env.timers.clear(this.#settleTimer);
    this.#list();
  }

  /** Leaves stored commands for the next page. */
  close(): void {
    this.#closed = true;
    this.#env.timers.clear(this.#waitTimer);
    this.#env.timers.clear(this.#settleTimer);
    this.#shelf.close();
    const error = new RoomError("closed", "This page was closed before the server answered.");
    for (const entry of this.#entries) entry.reject(error);
  }

  // --- one entry

  #entry(client: string, kept: Kept): Entry {
    const { n, type, data, at, member, error } = kept;
    return {
      key: `${client}:${n}`,
      client,
      n,
      type,
      data,
      at,
      member,
      delivery: error ? "refused" : this.#to.linked() ? "local" : "queued",
      sent: true,
      inFlight: false,
      waits: false,
      register: undefined,
      told: false,
      seq: 0,
      error: error && new RoomError(error.code, error.message),
      resolve: () => {},
      reject: () => {},
      shown: undefined,
    };
  }

  #sendDue(): boolean {
    let some = false;
    if (!this.#to.linked() || this.#closed) return some;
    for (const entry of [...this.#entries]) {
      if (entry.waits) break; // in order: what follows waits too
      if (!this.#unanswered(entry) || entry.inFlight) continue;
      if (entry.n - this.#oldest(entry.client) >= window) break;
      some = true;
      if (this.#isForeign(entry)) this.#refuse(entry, new RoomError("forbidden", foreign));
      else this.#transmit(entry);
    }
    return some;
  }

  /** Commands that wait here and that `entry` makes pointless become it. */
  #supersede({ register }: Entry, reply: Promise<unknown>): void {
    const isPointless = (e: Entry) => register !== undefined && e.register === register && !e.sent && e.delivery !== "refused";
    for (const entry of this.#entries.filter(isPointless)) entry.resolve(reply);
    this.#entries = this.#entries.filter((e) => !isPointless(e));
  }

  #transmit(entry: Entry): void {
    entry.inFlight = true;
    entry.sent = true;
    this.#mark(entry, "sent");
    const { type, data } = entry;
    this.#to.send(
      { type, op: opOf(entry), data },
      (answer) => this.#confirm(entry, answer),
      (error) => this.#failed(entry, error),
    );
  }

  #confirm(entry: Entry, { seq = 0, reply }: Answers["send"]): void {
    entry.inFlight = false;
    entry.seq = seq;
    this.#mark(entry, "confirmed");
    this.#keep(entry.client);
    entry.resolve(reply ?? {});
    this.#env.timers.clear(this.#settleTimer);
    this.#settleTimer = this.#env.timers.set(() => this.#giveUpWaiting(), settleMs);
    this.#changed();
  }

  /** Updates that we may not see can stand between us and a reply's seq for ever. */
  #giveUpWaiting(): void {
    this.settle(Infinity);
    this.#to.changed();
  }

  #failed(entry: Entry, error: RoomError): void {
    entry.inFlight = false;
    if (error.passing) this.#wait(entry, error.retryAfterMs || waitMs);
    else if (error.code === "stale") this.#renumber(entry);
    else this.#refuse(entry, error);
    this.#changed();
  }

  #wait(entry: Entry, afterMs: number): void {
    entry.waits = true;
    this.#mark(entry, "queued");
    this.#env.timers.clear(this.#waitTimer);
    this.#waitTimer = this.#env.timers.set(() => {
      for (const e of this.#entries) e.waits = false;
      this.flush();
    }, afterMs);
  }

  /** For a stale op, which was not applied and never will be, and for another try after a refusal. */
  #renumber(entry: Entry): void {
    const before = entry.client;
    entry.client = this.#to.client;
    entry.n = ++this.#lastN;
    entry.sent = false;
    entry.error = undefined;
    this.#mark(entry, this.#to.linked() ? "local" : "queued");
    this.#entries = [...this.#entries.filter((e) => e !== entry), entry]; // n rises along the list
    this.#keep(entry.client); // first the new number, then off the old list: between, it is on both
    if (before !== entry.client) this.#keep(before);
  }

  #refuse(entry: Entry, error: RoomError): void {
    entry.error = error;
    this.#mark(entry, "refused");
    const refused = this.#entries.filter((e) => e.delivery === "refused");
    const dropped = new Set(refused.slice(0, Math.max(0, refused.length - maxRefused)));
    this.#entries = this.#entries.filter((e) => !dropped.has(e));
    this.#keep(entry.client);
    entry.reject(error);
  }

  #retry(entry: Entry): void {
    if (entry.delivery !== "refused" || this.#closed) return;
    Object.assign(entry, { member: this.#to.member(), told: false });
    this.#renumber(entry);
    this.#changed();
  }

  #discard(entry: Entry): void {
    if (entry.delivery !== "refused" && entry.sent) return;
    this.#entries = this.#entries.filter((e) => e !== entry);
    this.#keep(entry.client);
    entry.reject(new RoomError("discarded", "Taken back before it was sent."));
    this.#changed();
  }

  #abort(entry: Entry, reason: unknown): void {
    entry.reject(reason);
    if (entry.delivery !== "refused") this.#discard(entry);
  }

  #unanswered(entry: Entry): boolean {
    return entry.delivery !== "confirmed" && entry.delivery !== "refused";
  }

  #isForeign(entry: Entry): boolean {
    const now = this.#to.member();
    return entry.member !== undefined && now !== undefined && entry.member !== now;
  }

  #oldest(client: string): number {
    return Math.min(...this.#entries.filter((e) => e.client === client && this.#unanswered(e)).map((e) => e.n));
  }

  // --- keeping and showing

  #keep(client: string): void {
    const kept = this.#entries
      .filter((e) => e.client === client && e.delivery !== "confirmed")
      .map(({ n, type, data, at, member, error }) => ({ n, type, data, at, member, error: error && { code: error.code, message: error.message } }));
    this.#shelf.keep(client, kept);
  }

  #mark(entry: Entry, delivery: Delivery): void {
    entry.delivery = delivery;
    entry.shown = undefined;
  }

  #show(entry: Entry): Pending {
    const { key, type, data, at, delivery, error } = entry;
    return (entry.shown ??= {
      key,
      type,
      data,
      at,
      delivery,
      ...(error && { error }),
      retry: () => this.#retry(entry),
      discard: () => this.#discard(entry),
    });
  }

  #changed(): void {
    this.#sendDue();
    this.#shows();
  }

  #shows(): void {
    this.#list();
    this.#to.changed();
  }

  #list(): void {
    this.pending.set(this.#entries.map((e) => this.#show(e)));
  }
}

const opOf = ({ client, n }: Entry): string => `${client}:${n}`;
