/** The codes of the wire's error table. Unknown ones may come from newer servers. */
export type ErrorCode =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "banned"
  | "not_found"
  | "conflict"
  | "stale"
  | "gone"
  | "too_large"
  | "busy"
  | "rate_limited"
  | "unavailable"
  | "internal"
  | "drain"
  | (string & {});

/** What went wrong, with a message for people. */
export class RoomError extends Error {
  override readonly name = "RoomError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** When another attempt makes sense; 0 when the server did not say. */
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }

  /** Whether the same thing, tried again later, may succeed by itself. */
  get passing(): boolean {
    return passing.has(this.code);
  }
}

const passing: ReadonlySet<string> = new Set(["busy", "rate_limited", "unavailable", "drain"]);
