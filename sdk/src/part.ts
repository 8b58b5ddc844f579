import type { Commands, Feature, FoldContext, Page, Pending, Update } from "./feature.js";
import { Store } from "./readable.js";

/**
 * One feature's state in a room, at three stages:
 *
 *     folded   as far as frames have come; between `more` frames not fit to show
 *     settled  the last folded state that was whole
 *     shown    settled, with our own pending commands on top
 */
export class Part<S> {
  readonly feature: Feature<S, Commands, object>;
  readonly shown: Store<S>;
  #folded: S;
  #settled: S;
  #base: S; // what `shown` was made from
  #pending: readonly Pending[] = [];

  constructor(feature: Feature<S, Commands, object>) {
    this.feature = feature;
    this.shown = new Store(feature.initial);
    this.#folded = this.#settled = this.#base = feature.initial;
  }

  owns(type: string): boolean {
    return type.startsWith(this.feature.name) && type[this.feature.name.length] === ".";
  }

  open(view: unknown, mine: unknown, context: FoldContext): void {
    const { initial } = this.feature;
    this.#folded = view === undefined && mine === undefined ? initial : this.feature.open(view, mine, context);
  }

  fold(update: Update, context: FoldContext): void {
    this.#folded = this.feature.fold(this.#folded, update, context);
  }

  merge(page: Page, context: FoldContext): void {
    if (!this.feature.merge) return;
    const settled = this.#folded === this.#settled;
    this.#folded = this.feature.merge(this.#folded, page, context);
    if (settled) this.#settled = this.#folded;
  }

  settle(): void {
    this.#settled = this.#folded;
  }

  /** Makes `shown` anew, if it would differ. */
  show(pending: readonly Pending[], context: FoldContext): void {
    const same = pending.length === this.#pending.length && pending.every((p, i) => p === this.#pending[i]);
    if (same && this.#base === this.#settled) return;
    this.#base = this.#settled;
    this.#pending = pending;
    this.shown.set(pending.reduce((state, command) => this.#add(state, command, context), this.#settled));
  }

  #add(state: S, command: Pending, context: FoldContext): S {
    const { optimistic, refused } = this.feature;
    return (command.delivery === "refused" ? refused : optimistic)?.call(this.feature, state, command, context) ?? state;
  }
}
