import type { Environment } from "./environment.js";
import { RoomError } from "./error.js";

export interface PostOptions {
  readonly body: object;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Posts JSON and reads JSON. Rejects with the RoomError that a problem+json answer names. */
export async function post<T>(env: Environment, path: string, { body, token, signal }: PostOptions): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  try {
    const response = await env.fetch(env.url + path, { method: "POST", headers, body: JSON.stringify(body), signal: signal ?? null });
    const answer: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw errorOf(response.status, answer);
    return answer as T;
  } catch (error) {
    if (error instanceof RoomError || signal?.aborted) throw error;
    throw new RoomError("unavailable", "The server cannot be reached. Check the connection and try again.");
  }
}

function errorOf(status: number, problem: unknown): RoomError {
  const { code, message, retryAfterMs } = (problem ?? {}) as { code?: string; message?: string; retryAfterMs?: number };
  const fallback = status >= 500 ? "unavailable" : "invalid";
  return new RoomError(code ?? fallback, message ?? `The server answered ${status}.`, retryAfterMs);
}
