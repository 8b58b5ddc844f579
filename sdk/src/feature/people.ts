import type { Ask, Command, Feature, Update } from "../feature.js";

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

declare const todo: Feature<PeopleState, PeopleCommands, PeopleReads> & { ask?: Ask; u?: Update };
/** Who is in the event. */
export const people: Feature<PeopleState, PeopleCommands, PeopleReads> = todo;
