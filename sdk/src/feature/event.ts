import type { Command, Feature } from "../feature.js";

export type Preset = "house-party" | "wedding" | "conference-talk" | "drop-sale" | "quiz-night" | (string & {});

/** `post` shows posts at once, `pre` waits for a host. */
export type Moderation = "post" | "pre";

export interface EventFeatures {
  readonly feed: boolean;
  readonly reactions: boolean;
  readonly people: boolean;
}

export interface EventState {
  readonly name: string;
  readonly preset: Preset;
  readonly features: EventFeatures;
  readonly moderation: Moderation;
  readonly life: "open" | "closed";
  /** Only staff may act while it is on. */
  readonly locked: boolean;
  /** Milliseconds since 1970; 0 before the first view. */
  readonly openedAt: number;
}

export type EventCommands = {
  "event.set": Command<{ name?: string; features?: Partial<EventFeatures>; moderation?: Moderation }>;
  "event.lock": Command<{ on: boolean }>;
  "event.close": Command<Record<string, never>>;
};

const initial: EventState = {
  name: "",
  preset: "",
  features: { feed: false, reactions: false, people: false },
  moderation: "post",
  life: "open",
  locked: false,
  openedAt: 0,
};

type Change = Partial<Pick<EventState, "name" | "moderation">> & { features?: Partial<EventFeatures> };

function change(state: EventState, { name, moderation, features }: Change): EventState {
  return {
    ...state,
    name: name ?? state.name,
    moderation: moderation ?? state.moderation,
    features: { ...state.features, ...features },
  };
}

/** An event's name, settings and life. */
export const event: Feature<EventState, EventCommands> = {
  name: "event",
  initial,

  open: (view) => ({ ...initial, ...(view as Partial<EventState>) }),

  fold(state, update) {
    const data = update.data as EventState & { on: boolean };
    switch (update.type) {
      case "event.opened": {
        const { name, preset, features, moderation, openedAt } = data;
        return { ...initial, name, preset, features, moderation, openedAt };
      }
      case "event.changed":
        return change(state, data);
      case "event.locked":
        return { ...state, locked: data.on };
      case "event.closed":
        return { ...state, life: "closed" };
      default:
        return state;
    }
  },

  register: (type) => (type === "event.lock" ? "on" : undefined),

  optimistic(state, command) {
    switch (command.type) {
      case "event.set":
        return change(state, command.data as Change);
      case "event.lock":
        return { ...state, locked: (command.data as { on: boolean }).on };
      case "event.close":
        return { ...state, life: "closed" };
      default:
        return state;
    }
  },
};
