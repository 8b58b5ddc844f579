import type { Command, Feature } from "../feature.js";

export interface ChannelEntry {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What was published, as it is. */
  readonly data: unknown;
}

export interface ChannelState {
  /** Newest last. */
  readonly recent: readonly ChannelEntry[];
}

export type ChannelCommands = {
  /** Any JSON; services only. */
  "channel.publish": Command<unknown>;
};

const maxRecent = 100; // what the server's view holds: more would be gone after a reload

/** A plain feed of JSON values from a service. */
export const channel: Feature<ChannelState, ChannelCommands> = {
  name: "channel",
  initial: { recent: [] },

  open: (view) => ({ recent: (view as Partial<ChannelState> | undefined)?.recent ?? [] }),

  fold(state, { type, seq, at, data }) {
    if (type !== "channel.published") return state;
    return { recent: [...state.recent, { seq, at, data }].slice(-maxRecent) };
  },
};
