/**
 * Hooks over the client's readables, for React and preact/compat. A room is
 * joined while a component that uses it is mounted. Options may be written
 * inline: only what they say counts, never their identity.
 */
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import type { Client, Commands, Feature, FeatureBase, Pending, Readable, RoomHandle, RoomOptions, Status } from "../index.js";

const ClientContext = /* @__PURE__ */ createContext<Client | undefined>(undefined);

/** Gives the hooks below their client. */
export function ClientProvider({ client, children }: { client: Client; children?: ReactNode }): ReactNode {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest ClientProvider. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("There is no ClientProvider around this component.");
  return client;
}

/** The value of any Readable, kept up to date: `useReadable(room.phase)`. */
export function useReadable<T>({ subscribe, getSnapshot }: Readable<T>): T {
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot);
}

/** The room's handle; joined while the component is mounted. */
export function useRoom(id: string, options?: RoomOptions): RoomHandle {
  const room = useClient().room(id, options);
  useEffect(() => room.retain(), [room]);
  return room;
}

/** A feature's state, or what `select` makes of it (the same value while `equal`, by default Object.is, says so). */
export function useFeature<S, C extends Commands, R extends object>(room: RoomHandle, feature: Feature<S, C, R>): S;
export function useFeature<S, C extends Commands, R extends object, T>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
  select: (state: S) => T,
  equal?: (a: T, b: T) => boolean,
): T;
export function useFeature<S, C extends Commands, R extends object>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
  select: (state: S) => unknown = whole,
  equal: (a: unknown, b: unknown) => boolean = Object.is,
): unknown {
  const { subscribe, getSnapshot } = room.feature(feature);
  const last = useRef<{ state: S; select: (state: S) => unknown; value: unknown }>(undefined);
  const selected = () => {
    const state = getSnapshot();
    const before = last.current;
    if (before && before.state === state && before.select === select) return before.value;
    const now = select(state);
    const value = before && equal(before.value, now) ? before.value : now;
    last.current = { state, select, value };
    return value;
  };
  return useSyncExternalStore(subscribe, selected, selected);
}

const whole = <S>(state: S): S => state;

/** The feature's `send`: the same function each time, safe in dependency lists. */
export function useCommand<S, C extends Commands, R extends object>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
): FeatureBase<S, C>["send"] {
  return room.feature(feature).send;
}

/** Our commands in this room that are not in its state yet, refused ones included. */
export function usePending(room: RoomHandle): readonly Pending[] {
  return useReadable(room.pending);
}

const presence = "people.presence/";

/** Who is here, member id to state. Rows stop above 200 online: then there is useCount. */
export function usePresence(room: RoomHandle): Readonly<Record<string, "online" | "idle">> {
  const signals = useReadable(room.signals);
  return useMemo(() => {
    const rows = Object.entries(signals).filter(([key]) => key.startsWith(presence));
    return Object.fromEntries(rows.map(([key, value]) => [key.slice(presence.length), (value as { state: "online" | "idle" }).state]));
  }, [signals]);
}

/** How many are online; undefined before it is known. */
export function useCount(room: RoomHandle): number | undefined {
  const online = useReadable(room.signals)["people.online"] as { count: number } | undefined;
  return online?.count;
}

/** The state of the link, for a pill on the screen. */
export function useConnectionStatus(): Status {
  return useReadable(useClient().status);
}

/** The server's time, renewed every `everyMs`. */
export function useServerTime(everyMs = 1_000): number {
  const client = useClient();
  const [now, setNow] = useState(() => client.serverTime());
  useEffect(() => {
    const timer = setInterval(() => setNow(client.serverTime()), everyMs);
    return () => clearInterval(timer);
  }, [client, everyMs]);
  return now;
}
