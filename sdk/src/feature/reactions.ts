import type { Command, Feature } from "../feature.js";

export interface ReactionsState {
  /** How often each kind was tapped, our own taps included. */
  readonly counts: Readonly<Record<string, number>>;
  /** What may be tapped here. */
  readonly kinds: readonly string[];
}

export type ReactionsCommands = {
  /** `n` 1 to 10: taps of a moment in one command. What is over the limit is absorbed. */
  "reactions.tap": Command<{ kind: string; n: number }, { accepted: number }>;
};

const initial: ReactionsState = { counts: {}, kinds: [] };

/** Hearts and their like: totals that many people push up. */
export const reactions: Feature<ReactionsState, ReactionsCommands> = {
  name: "reactions",
  initial,

  open: (view) => ({ ...initial, ...(view as Partial<ReactionsState>) }),

  fold(state, update) {
    if (update.type !== "reactions.counted") return state;
    return { ...state, counts: (update.data as { counts: ReactionsState["counts"] }).counts };
  },

  optimistic(state, command) {
    if (command.type !== "reactions.tap") return state;
    const { kind, n } = command.data as { kind: string; n: number };
    return { ...state, counts: { ...state.counts, [kind]: (state.counts[kind] ?? 0) + n } };
  },
};
