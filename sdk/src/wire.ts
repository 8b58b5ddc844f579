import type { Update } from "./feature.js";

/** The WebSocket subprotocol: version and codec of the frames. */
export const subprotocol = "roomful.v1.json";

/** A request's verb and what it carries. */
export interface Requests {
  hello: { token?: string | undefined; sdk: string };
  join: { room: string; since?: string | undefined; only?: readonly string[] | undefined };
  send: { room: string; type: string; op: string; data: unknown };
  query: { room: string; name: string; args: Record<string, unknown> };
  leave: { room: string };
}

/** What `ok` carries, by verb. Every field may be missing from a server that is newer or older than we are. */
export interface Answers {
  hello: { member?: string; time?: number; pingMs?: number };
  join: { resumed?: boolean };
  send: { seq?: number; reply?: unknown };
  query: { pos?: string; result?: unknown };
  leave: Record<string, unknown>;
}

export interface WireError {
  code: string;
  message?: string;
  retryAfterMs?: number;
}

/** Any frame from the server: a response (`id`), a room's frame (`room`), a goodbye (`bye`), or a pong (empty). */
export interface ServerFrame {
  id?: number;
  ok?: Record<string, unknown>;
  error?: WireError;
  room?: string;
  pos?: string;
  view?: Record<string, unknown>;
  mine?: Record<string, unknown>;
  updates?: Update[];
  signals?: Record<string, unknown>;
  more?: boolean;
  bye?: WireError;
}

/** Reads a message: one frame or an array of them. Anything else is no frame. */
export function decode(text: string): ServerFrame[] {
  const value: unknown = JSON.parse(text);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((v): v is ServerFrame => typeof v === "object" && v !== null && !Array.isArray(v));
}

/** A place in a room's history. The text is what goes back to the server; epoch and seq only order frames and replies. */
export interface Position {
  readonly text: string;
  readonly epoch: string;
  readonly seq: number;
}

/** Reads "epoch:seq.sight"; a room that was never written has no epoch yet. Undefined for anything else. */
export function positionOf(text: string | undefined): Position | undefined {
  const match = /^([^:]*):(\d+)(?:\.|$)/.exec(text ?? "");
  return match ? { text: text!, epoch: match[1]!, seq: Number(match[2]) } : undefined;
}
