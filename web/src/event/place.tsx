/** The room this page is about, for every part below it. */
import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { event, feed, isHost, isStaff, people } from "roomful";
import type { Command, EventState, Feature, FeedState, PeopleState, RoomHandle } from "roomful";
import { useFeature, useRoom, useServerTime } from "roomful/react";

/** The view frame that the server wrote into the page. */
export interface FirstView {
  readonly room: string;
  readonly view?: Readonly<Record<string, unknown>>;
  readonly mine?: Readonly<Record<string, unknown>>;
  readonly signals?: Readonly<Record<string, unknown>>;
}

export interface Place {
  readonly room: RoomHandle;
  readonly code: string;
  /** The link to share. */
  readonly url: string;
  readonly event: EventState;
  readonly feed: FeedState;
  readonly people: PeopleState;
  readonly staff: boolean;
  readonly host: boolean;
  /** Whether we may post, comment and react now. */
  readonly mayAct: boolean;
  /** We have the room itself, no longer only the page's copy of it. */
  readonly live: boolean;
  readonly first: FirstView | undefined;
}

const Context = createContext<Place | undefined>(undefined);

export function usePlace(): Place {
  const place = useContext(Context);
  if (!place) throw new Error("usePlace outside of PlaceProvider");
  return place;
}

export function PlaceProvider(props: { code: string; url: string; first: FirstView | undefined; children: ReactNode }): ReactNode {
  const room = useRoom(`event/${props.code}`);
  const phase = useSyncExternalStore(room.phase.subscribe, room.phase.getSnapshot);
  const opened = useRef(false);
  opened.current ||= phase === "open";
  const live = opened.current;

  const place = {
    room,
    code: props.code,
    url: props.url,
    event: useShown(room, event, props.first, live),
    feed: useShown(room, feed, props.first, live),
    people: useShown(room, people, props.first, live),
    first: props.first,
    live,
  };
  const role = place.people.me?.role;
  const staff = isStaff(role);
  const muted = useMuted(place.people.me?.muted ?? 0) > 0;
  const looksOnly = role === "spectator" || role === "display";
  const open = place.event.life === "open" && (!place.event.locked || staff);
  const value: Place = { ...place, staff, host: isHost(role), mayAct: open && !muted && !looksOnly };
  return <Context.Provider value={value}>{props.children}</Context.Provider>;
}

/** A feature's state: the page's copy of it until the room itself is open. */
export function useShown<S, C extends { readonly [type: string]: Command<unknown, unknown> }, R extends object>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
  first: FirstView | undefined,
  live: boolean,
): S {
  const state = useFeature(room, feature);
  const copy = useMemo(() => {
    if (!first?.view?.[feature.name]) return feature.initial;
    const me = first.mine?.["people"] as { id?: string } | undefined;
    return feature.open(first.view[feature.name], first.mine?.[feature.name], { member: me?.id });
  }, []);
  return live ? state : copy;
}

/** Until when we are muted; 0 once that is over. */
function useMuted(until: number): number {
  const now = useServerTime(5_000);
  return until > now ? until : 0;
}

/** Runs `then` when a value changes, not at first. */
export function useChange<T>(value: T, then: (value: T, before: T) => void): void {
  const before = useRef(value);
  useEffect(() => {
    if (Object.is(before.current, value)) return;
    const was = before.current;
    before.current = value;
    then(value, was);
  });
}
