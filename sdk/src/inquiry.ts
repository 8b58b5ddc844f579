import type { Environment } from "./environment.js";
import { RoomError } from "./error.js";
import type { Update } from "./feature.js";
import { positionOf } from "./wire.js";
import type { Answers, Position } from "./wire.js";

/** An answer, and what was folded after the moment it describes. */
export interface Answer {
  readonly result: unknown;
  readonly seq: number;
  readonly since: readonly Update[];
}

interface Inquiry {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly take: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly log: Update[]; // folded while it was under way
  askedAt: number; // the room's seq
  answer: { position: Position | undefined; result: unknown } | undefined;
  inFlight: boolean;
  asked: number;
  timer: unknown;
}

/** What queries need from their room. */
export interface Asking {
  linked(): boolean;
  /** Where the shown state stands. */
  position(): Position | undefined;
  send(name: string, args: Record<string, unknown>, ok: (answer: Answers["query"]) => void, fail: (error: RoomError) => void): void;
  /** One more or one less is under way. */
  changed(): void;
}

const patienceMs = 300; // then the answer's position is one that nothing visible leads to, or a slow count
const waitMs = 1_000;
const maxAsked = 3; // for a server whose answers keep being older than what it tells us

/**
 * A room's queries under way. Each is asked again on a new link until it is
 * answered, and handed over when the room's state is as new as its answer.
 */
export class Inquiries {
  readonly #env: Environment;
  readonly #to: Asking;
  readonly #open = new Set<Inquiry>();
  #viewSeq = 0;

  constructor(env: Environment, to: Asking) {
    this.#env = env;
    this.#to = to;
  }

  get busy(): boolean {
    return this.#open.size > 0;
  }

  /** `take` is called in the moment the answer fits the state. */
  ask<R>(name: string, args: Record<string, unknown>, signal: AbortSignal | undefined, take: (answer: Answer) => R): Promise<R> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<R>((resolve, reject) => {
      const inquiry: Inquiry = {
        name,
        args,
        reject,
        log: [],
        askedAt: 0,
        answer: undefined,
        inFlight: false,
        asked: 0,
        timer: undefined,
        take: (answer) => {
          try {
            resolve(take(answer));
          } catch (error) {
            reject(error);
          }
        },
      };
      const abort = () => this.#end(inquiry, () => reject(signal?.reason));
      signal?.addEventListener("abort", abort, { once: true });
      this.#open.add(inquiry);
      this.#to.changed();
      this.#send(inquiry);
    });
  }

  linked(): void {
    for (const inquiry of this.#open) this.#send(inquiry);
  }

  dropped(): void {
    for (const inquiry of this.#open) inquiry.inFlight = false;
  }

  /** An update was folded. */
  record(update: Update): void {
    for (const inquiry of this.#open) inquiry.log.push(update);
  }

  /** A view replaced the state: what was folded before it is not known any more. */
  viewed(seq: number): void {
    this.#viewSeq = seq;
  }

  /** The shown state moved. */
  settle(): void {
    for (const inquiry of [...this.#open]) this.#fit(inquiry);
  }

  close(): void {
    const error = new RoomError("closed", "This page was closed before the server answered.");
    for (const inquiry of [...this.#open]) this.#end(inquiry, () => inquiry.reject(error));
  }

  #send(inquiry: Inquiry): void {
    if (!this.#to.linked() || inquiry.inFlight || inquiry.answer) return;
    inquiry.inFlight = true;
    inquiry.asked++;
    inquiry.askedAt = this.#to.position()?.seq ?? 0;
    this.#to.send(
      inquiry.name,
      inquiry.args,
      ({ pos, result }) => {
        inquiry.inFlight = false;
        if (!this.#open.has(inquiry)) return;
        inquiry.answer = { position: positionOf(pos), result };
        this.#later(inquiry, patienceMs, () => this.#hand(inquiry));
        this.#fit(inquiry);
      },
      (error) => {
        inquiry.inFlight = false;
        if (error.passing) this.#later(inquiry, error.retryAfterMs || waitMs, () => this.#send(inquiry));
        else this.#end(inquiry, () => inquiry.reject(error));
      },
    );
  }

  #fit(inquiry: Inquiry): void {
    const asOf = inquiry.answer?.position;
    const now = this.#to.position();
    if (!inquiry.answer || (asOf && (!now || asOf.epoch !== now.epoch || asOf.seq > now.seq))) return;
    const covered = !asOf || asOf.seq >= Math.max(this.#viewSeq, inquiry.askedAt);
    if (covered || inquiry.asked >= maxAsked) return this.#hand(inquiry);
    inquiry.answer = undefined;
    this.#send(inquiry);
  }

  #hand(inquiry: Inquiry): void {
    const { position, result } = inquiry.answer ?? {};
    const seq = position?.seq ?? this.#to.position()?.seq ?? 0;
    const since = inquiry.log.filter((u) => u.seq > seq);
    this.#end(inquiry, () => inquiry.take({ result, seq, since }));
  }

  #end(inquiry: Inquiry, tell: () => void): void {
    if (!this.#open.delete(inquiry)) return;
    this.#env.timers.clear(inquiry.timer);
    tell();
    this.#to.changed();
  }

  #later(inquiry: Inquiry, afterMs: number, run: () => void): void {
    this.#env.timers.clear(inquiry.timer);
    inquiry.timer = this.#env.timers.set(() => this.#open.has(inquiry) && run(), afterMs);
  }
}
