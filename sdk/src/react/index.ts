import type { Client, Commands, Feature, FeatureHandle, RoomHandle, RoomOptions, Status, Pending } from "../index.js";
import type { ReactNode } from "react";

/** Gives the hooks below their client. */
export declare function ClientProvider(props: { client: Client; children?: ReactNode }): ReactNode;
/** The client of the nearest ClientProvider. */
export declare function useClient(): Client;
/** The room's handle; joined while the component is mounted. Options may be written inline. */
export declare function useRoom(id: string, options?: RoomOptions): RoomHandle;
/** A feature's state, or what `select` makes of it (compared with Object.is, or with `equal`). */
export declare function useFeature<S, C extends Commands, R extends object>(room: RoomHandle, feature: Feature<S, C, R>): S;
export declare function useFeature<S, C extends Commands, R extends object, T>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
  select: (state: S) => T,
  equal?: (a: T, b: T) => boolean,
): T;
/** The feature's `send`: stable, safe in dependency lists. */
export declare function useCommand<S, C extends Commands, R extends object>(
  room: RoomHandle,
  feature: Feature<S, C, R>,
): FeatureHandle<S, C, R>["send"];
/** Our unconfirmed commands in this room, refused ones included. */
export declare function usePending(room: RoomHandle): readonly Pending[];
/** Who is here, member id to state. Rows stop above 200 online: then use useCount. */
export declare function usePresence(room: RoomHandle): Readonly<Record<string, "online" | "idle">>;
/** How many are online; undefined before it is known. */
export declare function useCount(room: RoomHandle): number | undefined;
export declare function useConnectionStatus(): Status;
/** The server's time, renewed every `everyMs` (1000). */
export declare function useServerTime(everyMs?: number): number;
