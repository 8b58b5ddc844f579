import type { Command, Feature, FoldContext, Update } from "../feature.js";

export type Role = "owner" | "cohost" | "moderator" | "guest" | "display" | "spectator" | "service" | (string & {});

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Milliseconds since 1970. */
  readonly joinedAt: number;
  /** Muted until then, milliseconds since 1970; 0: not muted. */
  readonly muted: number;
  /** Listed as offline by their own wish. */
  readonly hidden: boolean;
  readonly seq: number;
}

export interface PeopleState {
  /** All members, also those not listed here. */
  readonly count: number;
  /** Hosts first, then by joining. The first 200 and whoever was met since; more by loadMore(). */
  readonly members: readonly Member[];
  /** Ourselves, if we have joined. */
  readonly me: Member | undefined;
}

export type PeopleCommands = {
  "people.rename": Command<{ name: string }>;
  "people.hide": Command<{ on: boolean }>;
  "people.presence": Command<{ state: "online" | "idle" }>;
  "people.role": Command<{ member: string; role: "cohost" | "moderator" | "guest" | "spectator" | "display" }>;
  "people.mute": Command<{ member: string; minutes: number }>;
  "people.ban": Command<{ member: string; removeContent: boolean }>;
};

export interface PeoplePage {
  readonly members: readonly Member[];
  readonly count: number;
  /** Where the next page begins; absent at the end. */
  readonly next?: string;
}

export interface PeopleReads {
  /** A page of members, by name if `search` is given. Found members join the state too. */
  page(options?: { after?: string; limit?: number; search?: string; signal?: AbortSignal }): Promise<PeoplePage>;
}

/** Runs the event: owner, co-hosts and services. */
export const isHost = (role: Role | undefined): boolean => role === "owner" || role === "cohost" || role === "service";

/** Sees what staff sees: hosts and moderators. */
export const isStaff = (role: Role | undefined): boolean => isHost(role) || role === "moderator";

const initial: PeopleState = { count: 0, members: [], me: undefined };

const ranks: Readonly<Record<string, number>> = { owner: 0, cohost: 1, moderator: 2 };
const rank = (m: Member): number => ranks[m.role] ?? 3;

/** The order of the list: hosts first, then by joining. */
function byPlace(a: Member, b: Member): number {
  return rank(a) - rank(b) || a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1);
}

/** Members of both; of the same member the newer. */
function union(a: readonly Member[], b: readonly Member[]): readonly Member[] {
  const all = new Map(a.map((m) => [m.id, m]));
  for (const m of b) {
    const known = all.get(m.id);
    if (!known || known.seq < m.seq) all.set(m.id, m);
  }
  return [...all.values()].sort(byPlace);
}

function put(state: PeopleState, member: Member, { member: own }: FoldContext): PeopleState {
  const known = state.members.find((m) => m.id === member.id);
  if (known && known.seq >= member.seq) return state;
  const me = member.id === own ? member : state.me;
  return { ...state, members: union(state.members, [member]), me };
}

/** Changes what is listed of a member and, if it is us, of ourselves. */
function alter(state: PeopleState, id: string | undefined, change: Partial<Member>): PeopleState {
  const to = (m: Member): Member => (m.id === id ? { ...m, ...change } : m);
  return { ...state, members: state.members.map(to).sort(byPlace), me: state.me && to(state.me) };
}

function without(state: PeopleState, id: string): PeopleState {
  return {
    count: state.count - 1,
    members: state.members.filter((m) => m.id !== id),
    me: state.me?.id === id ? undefined : state.me,
  };
}

function fold(state: PeopleState, { type, seq, data }: Update, context: FoldContext): PeopleState {
  switch (type) {
    case "people.joined":
      return put({ ...state, count: state.count + 1 }, { ...(data as Member), seq }, context);
    case "people.changed":
      return put(state, { ...(data as Member), seq }, context);
    case "people.banned":
      return without(state, (data as { id: string }).id);
    default:
      return state;
  }
}

/** Who is in the event. */
export const people: Feature<PeopleState, PeopleCommands, PeopleReads> = {
  name: "people",
  initial,
  fold,

  open(view, mine) {
    const { count, members } = (view ?? initial) as PeopleState;
    return { count, members, me: (mine ?? undefined) as Member | undefined };
  },

  optimistic(state, { type, data }, { member: own }) {
    const { name, on, member, role, minutes } = data as { name: string; on: boolean; member: string; role: Role; minutes: number };
    switch (type) {
      case "people.rename":
        return alter(state, own, { name });
      case "people.hide":
        return alter(state, own, { hidden: on });
      case "people.role":
        return alter(state, member, { role });
      case "people.mute":
        return minutes === 0 ? alter(state, member, { muted: 0 }) : state; // until when is the server's to say
      case "people.ban":
        return state.members.some((m) => m.id === member) ? without(state, member) : state;
      default:
        return state;
    }
  },

  register: (type) => (type === "people.presence" || type === "people.hide" ? "own" : undefined),

  merge(state, { result, since }, context) {
    const page: PeopleState = { ...initial, members: (result as PeoplePage).members };
    const { members } = since.reduce((s, update) => fold(s, update, context), page);
    return { ...state, members: union(state.members, members) };
  },

  reads: (ask) => ({
    page: ({ signal, ...args } = {}) => ask<PeoplePage>("people.page", args, { signal }),
  }),
};
