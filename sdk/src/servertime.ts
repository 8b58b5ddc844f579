import type { Clock } from "./environment.js";

interface Sample {
  readonly offset: number; // server time minus our monotonic time, ms
  readonly roundTrip: number;
}

const maxSamples = 5;

/**
 * The server's clock as seen from here: the offset of the exchange with the
 * shortest round trip among the newest, for that one had the least room for
 * error (half its round trip).
 */
export class ServerTime {
  readonly #clock: Clock;
  #samples: Sample[] = [];
  #best: Sample | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An exchange: asked and answered on our monotonic clock, the server's time in between. */
  add(asked: number, answered: number, time: number): void {
    const roundTrip = answered - asked;
    const sample = { offset: time - (asked + answered) / 2, roundTrip };
    // Two exchanges on steady clocks agree within half their round trips each.
    // If not, a clock jumped or this device slept: the old ones are void.
    const agrees = (s: Sample) => Math.abs(s.offset - sample.offset) <= (s.roundTrip + roundTrip) / 2 + 5;
    this.#samples = [...this.#samples.filter(agrees), sample].slice(-maxSamples);
    this.#best = this.#samples.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a));
  }

  now(): number {
    return Math.round(this.#best ? this.#clock.monotonic() + this.#best.offset : this.#clock.now());
  }
}
