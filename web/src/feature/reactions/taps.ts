/**
 * Taps of one person, gathered: the first goes out at once, those that follow
 * within half a second go together, at most ten in a command.
 */
const pauseMs = 500;
const maxTogether = 10;

export class Taps {
  readonly #send: (kind: string, n: number) => void;
  readonly #changed: () => void;
  readonly #waiting = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is called when waiting() is no longer what it was. */
  constructor(send: (kind: string, n: number) => void, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  tap(kind: string): void {
    this.#waiting.set(kind, this.waiting(kind) + 1);
    if (!this.#timer) this.#flush();
    else this.#changed();
  }

  /** Taps that are not in a command yet. */
  waiting(kind: string): number {
    return this.#waiting.get(kind) ?? 0;
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    for (const [kind, n] of this.#waiting) {
      const now = Math.min(n, maxTogether);
      if (n > now) this.#waiting.set(kind, n - now);
      else this.#waiting.delete(kind);
      this.#send(kind, now);
      this.#timer ||= setTimeout(this.#flush, pauseMs);
    }
    this.#changed();
  };
}
