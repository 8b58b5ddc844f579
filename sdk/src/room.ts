import { backoffMs } from "./backoff.js";
import type { Connection } from "./connection.js";
import type { Environment } from "./environment.js";
import type { RoomError } from "./error.js";
import type { Ask, Commands, Feature, FoldContext, Pending, Update } from "./feature.js";
import { Inquiries } from "./inquiry.js";
import { Outbox } from "./outbox.js";
import { Part } from "./part.js";
import { Store } from "./readable.js";
import type { Readable } from "./readable.js";
import { positionOf } from "./wire.js";
import type { Answers, Position, ServerFrame, WireError } from "./wire.js";

export interface RoomOptions {
  /** Only these features; all by default. A room asked for twice gets what either asks for. */
  readonly only?: readonly string[] | undefined;
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

const lingerMs = 1_000; // from one screen to the next the room stays joined
const holdMs = 2_000; // how long a view waits for the replies to what was sent before it
const maxLog = 500; // updates kept for features that nobody asked for yet; a view is dearer only beyond

const reasons: Readonly<Record<string, RoomTrouble["reason"]>> = {
  unauthenticated: "needs_auth",
  forbidden: "forbidden",
  banned: "banned",
  not_found: "not_found",
  gone: "gone",
  invalid: "invalid",
  too_large: "invalid",
};

interface Registered {
  readonly part: Part<unknown>;
  readonly handle: object;
}

/** The machinery behind a RoomHandle. Its client tells it what the link does. */
export class Room implements RoomHandle {
  readonly id: string;
  readonly phase: Readable<RoomPhase>;
  readonly error: Readable<RoomTrouble | undefined>;
  readonly signals: Readable<Signals>;
  readonly member: Readable<string | undefined>;
  readonly mine: Readable<Readonly<Record<string, unknown>>>;
  readonly pending: Readable<readonly Pending[]>;

  readonly #env: Environment;
  readonly #link: Connection;
  readonly #wantsChanged: () => void;
  readonly #outbox: Outbox;
  readonly #inquiries: Inquiries;
  readonly #features = new Map<object, Registered>();

  readonly #phase = new Store<RoomPhase>("idle");
  readonly #error = new Store<RoomTrouble | undefined>(undefined);
  readonly #signals = new Store<Signals>({});
  readonly #member = new Store<string | undefined>(undefined);
  readonly #mine = new Store<Readonly<Record<string, unknown>>>({});

  #only: ReadonlySet<string> | undefined;
  #holders = new Set<symbol>();
  #entered = false;
  #restored = false;
  #closed = false;
  #lingering: unknown;

  #asked = false; // a join went out on this link
  #firstFrame = false; // the next frame brings all signals
  #afresh = false; // ask for a view, whatever we have
  #attempt = 0;
  #retrying: unknown;

  #position: Position | undefined; // of what is folded
  #shownAt: Position | undefined; // of what is shown
  #view: Record<string, unknown> = {};
  #viewMine: Record<string, unknown> = {};
  #log: Update[] | undefined = []; // of features without a handle, since the view; undefined: too long
  #told: string[] = []; // ops folded and not shown yet
  #newView = false; // folded and not shown yet
  #whole = true; // no frame with `more` was the last
  #holding: unknown;

  constructor(env: Environment, link: Connection, id: string, client: string, wantsChanged: () => void) {
    this.id = id;
    this.#env = env;
    this.#link = link;
    this.#wantsChanged = wantsChanged;
    const linked = () => link.linked;
    this.#outbox = new Outbox(env, {
      room: id,
      client,
      linked,
      member: () => link.member,
      now: () => link.time.now(),
      send: (entry, ok, fail) => link.request("send", { room: id, ...entry }, ok, fail),
      changed: () => this.#outboxChanged(),
    });
    this.#inquiries = new Inquiries(env, {
      linked,
      position: () => this.#shownAt,
      send: (name, args, ok, fail) => link.request("query", { room: id, name, args }, ok, fail),
      changed: () => this.#review(),
    });
    this.phase = this.#retaining(this.#phase);
    this.error = this.#retaining(this.#error);
    this.signals = this.#retaining(this.#signals);
    this.member = this.#retaining(this.#member);
    this.mine = this.#retaining(this.#mine);
    this.pending = this.#retaining(this.#outbox.pending);
  }

  /** Whether it needs the link. */
  get entered(): boolean {
    return this.#entered;
  }

  feature<S, C extends Commands, Reads extends object>(feature: Feature<S, C, Reads>): FeatureHandle<S, C, Reads> {
    const known = this.#features.get(feature);
    if (known) return known.handle as FeatureHandle<S, C, Reads>;
    const part = new Part<S>(feature as unknown as Feature<S, Commands, object>);
    const ask: Ask = (query, args, options) => this.#ask(part, query, args, options?.signal);
    const base: FeatureBase<S, C> = {
      ...this.#retaining(part.shown),
      send: (type, data, options) => this.#send(type, data, feature.register?.(type, data), options?.signal) as Promise<never>,
    };
    const handle = Object.assign(base, feature.reads?.(ask, part.shown.getSnapshot)) as FeatureHandle<S, C, Reads>;
    this.#catchUp(part as Part<unknown>);
    this.#features.set(feature, { part: part as Part<unknown>, handle });
    return handle;
  }

  query(name: string, args: Record<string, unknown> = {}, options?: { signal?: AbortSignal | undefined }): Promise<unknown> {
    return this.#inquiries.ask(name, args, options?.signal, ({ result }) => result);
  }

  readonly retain = (): (() => void) => {
    const holder = Symbol();
    this.#holders.add(holder);
    this.#review();
    return () => this.#holders.delete(holder) && this.#review();
  };

  rejoin(): void {
    this.#error.set(undefined);
    this.#attempt = 0;
    if (!this.#entered || this.#asked) return;
    this.#phase.set("joining");
    this.#join();
  }

  leave(): void {
    this.#holders.clear();
    this.#exit();
    this.#forget();
    this.#review(); // the outbox may still need it
  }

  /** Adds what a room() call asks for; undefined is everything. */
  widen(only: readonly string[] | undefined, isNew: boolean): void {
    const before = this.#only;
    if (!isNew && (!before || only?.every((f) => before.has(f)))) return;
    this.#only = only && new Set([...(before ?? []), ...only]);
    this.#refresh();
  }

  close(): void {
    this.#closed = true;
    this.#holders.clear();
    this.#exit();
    this.#outbox.close();
    this.#inquiries.close();
  }

  // --- what the link does

  opened(): void {
    if (this.#entered) this.#join();
  }

  linked(): void {
    this.#member.set(this.#context().member);
    this.#outbox.flush();
    this.#inquiries.linked();
  }

  dropped(): void {
    this.#asked = false;
    this.#clearTimers();
    this.#outbox.dropped();
    this.#inquiries.dropped();
  }

  frame(frame: ServerFrame): void {
    if (!this.#asked) return; // of a join that we took back
    if (frame.bye) return this.#refusedBy(frame.bye);
    const position = positionOf(frame.pos);
    if (frame.signals || this.#firstFrame) this.#takeSignals(frame.signals ?? {});
    if (!position || !(frame.view ?? this.#position)) return;
    if (frame.view) this.#open(frame.view, frame.mine ?? {}, position);
    else if (position.epoch !== this.#position?.epoch) return this.#refresh(); // a history we know nothing of
    for (const update of frame.updates ?? []) this.#fold(update);
    if (frame.view || position.seq >= this.#position!.seq) this.#position = position;
    this.#whole = !frame.more;
    this.#settle();
  }

  // --- joining and leaving

  #retaining<T>(store: Store<T>): Readable<T> {
    const subscribe = (listener: () => void) => {
      const unsubscribe = store.subscribe(listener);
      const release = this.retain();
      return () => {
        unsubscribe();
        release();
      };
    };
    return { getSnapshot: store.getSnapshot, subscribe };
  }

  /** Enters or leaves, as holders and work under way want it. */
  #review(): void {
    if (this.#closed) return;
    const wanted = this.#holders.size > 0 || this.#outbox.busy || this.#inquiries.busy;
    if (wanted || !this.#entered) {
      this.#env.timers.clear(this.#lingering);
      this.#lingering = undefined;
    }
    if (wanted && !this.#entered) this.#enter();
    if (!wanted && this.#entered) this.#lingering ??= this.#env.timers.set(() => this.#exit(), lingerMs);
  }

  #enter(): void {
    this.#entered = true;
    this.#error.set(undefined);
    this.#phase.set("joining");
    this.#wantsChanged();
    if (this.#link.open) this.#join();
    if (this.#restored) return;
    this.#restored = true;
    this.#outbox.restore();
  }

  #exit(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#env.timers.clear(this.#lingering);
    this.#lingering = undefined;
    this.#takeBack();
    this.#clearTimers();
    this.#phase.set("idle");
    this.#wantsChanged();
  }

  #join(): void {
    if (!this.#link.open || this.#error.getSnapshot()) return;
    this.#asked = true;
    this.#firstFrame = false;
    if (!this.#shownAt) this.#phase.set("joining");
    const since = this.#afresh ? undefined : this.#position?.text;
    const only = this.#only && [...this.#only].sort();
    this.#link.request(
      "join",
      { room: this.id, since, only },
      (answer) => this.#joined(answer),
      (error) => this.#refusedBy(error),
    );
  }

  #joined({ resumed }: Answers["join"]): void {
    if (!this.#asked) return;
    this.#attempt = 0;
    this.#firstFrame = true;
    if (resumed) this.#settle();
  }

  #takeBack(): void {
    if (this.#asked) this.#link.request("leave", { room: this.id }, () => {}, () => {});
    this.#asked = false;
  }

  /** Joins again for a whole view, keeping what is shown until it comes. */
  #refresh(): void {
    if (!this.#position && !this.#asked) return;
    this.#afresh = true;
    if (!this.#asked) return; // the next join will ask
    this.#takeBack();
    this.#join();
  }

  #refusedBy({ code, message = "", retryAfterMs = 0 }: WireError | RoomError): void {
    this.#asked = false;
    const reason = reasons[code];
    if (!reason) {
      this.#env.timers.clear(this.#retrying);
      const delay = retryAfterMs || backoffMs(++this.#attempt, this.#env.random);
      this.#retrying = this.#env.timers.set(() => this.#entered && !this.#asked && this.#join(), delay);
      return;
    }
    this.#error.set({ reason, message });
    this.#phase.set("refused");
    this.#outbox.settle(Infinity); // nothing will be told here any more
    this.#review();
  }

  #forget(): void {
    this.#position = this.#shownAt = undefined;
    this.#view = this.#viewMine = {};
    this.#log = [];
    this.#told = [];
    this.#newView = false;
    this.#whole = true;
    for (const { part } of this.#features.values()) {
      part.open(undefined, undefined, this.#context());
      part.settle();
    }
    this.#signals.set({});
    this.#mine.set({});
    this.#show();
  }

  #clearTimers(): void {
    this.#env.timers.clear(this.#retrying);
    this.#env.timers.clear(this.#holding);
    this.#holding = undefined;
  }

  // --- folding and showing

  #context(): FoldContext {
    const own = this.#viewMine["people"] as { id?: string } | undefined;
    return { member: own?.id ?? this.#link.member };
  }

  #open(view: Record<string, unknown>, mine: Record<string, unknown>, position: Position): void {
    this.#view = view;
    this.#viewMine = mine;
    this.#log = [];
    this.#afresh = false;
    this.#newView = true;
    this.#inquiries.viewed(position.seq);
    this.#position = { ...position, seq: 0 }; // whatever else this frame brings is on top of it
    for (const { part } of this.#features.values()) this.#openPart(part);
  }

  #openPart(part: Part<unknown>): void {
    const { name } = part.feature;
    this.#guard("open", () => part.open(this.#view[name], this.#viewMine[name], this.#context()));
  }

  #fold(update: Update): void {
    if (update.seq <= this.#position!.seq) return; // told twice, around a join
    if (update.op) this.#told.push(update.op);
    this.#inquiries.record(update);
    let claimed = false;
    for (const { part } of this.#features.values()) {
      if (!part.owns(update.type)) continue;
      claimed = true;
      this.#guard(update.type, () => part.fold(update, this.#context()));
    }
    if (claimed || !this.#log) return;
    this.#log.push(update);
    if (this.#log.length > maxLog) this.#log = undefined;
  }

  /** Brings the state of a feature that was just asked for to where the room is. */
  #catchUp(part: Part<unknown>): void {
    if (!this.#position) return;
    const taken = [...this.#features.keys()].some((f) => (f as Feature<unknown>).name === part.feature.name);
    if (taken || !this.#log) return this.#refresh();
    this.#openPart(part);
    const [own, others] = [this.#log.filter((u) => part.owns(u.type)), this.#log.filter((u) => !part.owns(u.type))];
    for (const update of own) this.#guard(update.type, () => part.fold(update, this.#context()));
    this.#log = others;
    if (this.#whole && !this.#newView) part.settle();
    part.show(this.#outbox.of(part.feature.name), this.#context());
  }

  /** A feature that throws must not stop the room. */
  #guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#env.logger("a feature failed", { room: this.id, what, error: String(error) });
    }
  }

  /** Makes what is folded the settled state, if it is whole. */
  #settle(): void {
    if (!this.#position || !this.#whole || this.#mustHold()) return;
    this.#env.timers.clear(this.#holding);
    this.#holding = undefined;
    if (this.#shownAt && this.#shownAt.epoch !== this.#position.epoch) this.#outbox.settle(Infinity); // their seqs say nothing here
    this.#shownAt = this.#position;
    this.#newView = false;
    for (const op of this.#told.splice(0)) this.#outbox.tell(op);
    for (const { part } of this.#features.values()) part.settle();
    this.#show();
    this.#mine.set(this.#viewMine);
    this.#phase.set("open");
    this.#inquiries.settle();
    this.#review();
  }

  /**
   * A view after a break may hold the effect of commands whose replies were
   * lost with the link. Shown at once it would show them twice, so it waits
   * for the replies to their repetition: one round trip.
   */
  #mustHold(): boolean {
    if (!this.#newView || !this.#outbox.unsure) return false;
    this.#holding ??= this.#env.timers.set(() => {
      this.#newView = false;
      this.#settle();
    }, holdMs);
    return true;
  }

  #show(): void {
    const context = this.#context();
    if (this.#shownAt) this.#outbox.settle(this.#shownAt.seq);
    for (const { part } of this.#features.values()) {
      this.#guard("show", () => part.show(this.#outbox.of(part.feature.name), context));
    }
    this.#member.set(context.member);
  }

  #takeSignals(signals: Record<string, unknown>): void {
    const all = { ...(this.#firstFrame ? {} : this.#signals.getSnapshot()), ...signals };
    this.#firstFrame = false;
    this.#signals.set(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)));
  }

  // --- commands and queries

  #send(type: string, data: unknown, register: string | undefined, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#outbox.add(type, data, register && type + "/" + register, signal);
  }

  #outboxChanged(): void {
    if (this.#error.getSnapshot()) this.#outbox.settle(Infinity);
    if (this.#newView) this.#settle();
    this.#show();
    this.#review();
  }

  #ask<S, R>(part: Part<S>, name: string, args: Record<string, unknown>, signal: AbortSignal | undefined): Promise<R> {
    return this.#inquiries.ask(name, args, signal, ({ result, seq, since }) => {
      const page = { query: name, args, result, seq, since: since.filter((u) => part.owns(u.type)) };
      part.merge(page, this.#context());
      this.#show();
      return result as R;
    });
  }
}
