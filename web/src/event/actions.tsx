/** What every part of the page may do: send, and open something on top. The same object for the page's life. */
import { createContext, useContext } from "react";
import { RoomError } from "roomful";
import type { Client, RoomHandle } from "roomful";
import { t } from "../messages/en.js";
import { note } from "../ui/say.js";
import type { Sending } from "../feature/feed/sending.js";

/** What can lie on top of the page. */
export type Overlay =
  | { readonly show: "composer"; readonly edit?: { readonly post: string; readonly text: string }; readonly again?: string }
  | { readonly show: "thread"; readonly post: string; readonly write?: boolean }
  | { readonly show: "menu"; readonly post: string }
  | { readonly show: "viewer"; readonly post: string; readonly index: number }
  | { readonly show: "member"; readonly id: string }
  | { readonly show: "people" }
  | { readonly show: "invite" }
  | { readonly show: "review" }
  | { readonly show: "host" }
  | { readonly show: "me" };

export interface Actions {
  readonly client: Client;
  readonly room: RoomHandle;
  readonly sending: Sending;
  /** Puts it on top; `instead` takes the place of what is on top now. */
  open(overlay: Overlay, how?: "instead"): void;
  /** Closes what is on top. */
  close(): void;
  /** Waits for a command whose refusal rolls back, and shows why. Resolves to whether it was accepted. */
  tried(sent: Promise<unknown>): Promise<boolean>;
  leave(): void;
}

export const ActionsContext = createContext<Actions | undefined>(undefined);

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (!actions) throw new Error("useActions outside of its provider");
  return actions;
}

export async function tried(room: RoomHandle, sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent;
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return false;
    note(error instanceof RoomError ? error.message : t.unexpected, "bad");
    for (const pending of room.pending.getSnapshot()) {
      if (pending.delivery === "refused" && !staysInSight.has(pending.type)) pending.discard();
    }
    return false;
  }
}

// Refused ones of these keep their place on the screen, with Edit, Retry, Discard.
const staysInSight: ReadonlySet<string> = new Set(["feed.post", "feed.comment"]);
