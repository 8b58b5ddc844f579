import "../style/base.css";
import "../style/event.css";
import { useMemo } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { createClient, reactions } from "roomful";
import { ClientProvider, useConnectionStatus, useFeature, useRoom } from "roomful/react";
import { ReactionBar } from "../feature/reactions/bar.js";
import { t } from "../messages/en.js";
import { Said } from "../ui/say.js";

interface FirstView {
  readonly view?: { readonly reactions?: unknown };
}

function Talk({ id, first }: { id: string; first: FirstView | null }): ReactNode {
  const room = useRoom(`talk/${id}`, { only: ["reactions"] });
  const state = useFeature(room, reactions);
  const status = useConnectionStatus();
  const copy = useMemo(() => (first?.view?.reactions ? reactions.open(first.view.reactions, undefined, { member: undefined }) : state), []);
  const cut = status === "offline" || status === "reconnecting" || status === "server_trouble";
  return (
    <>
      <ReactionBar room={room} state={state.kinds.length > 0 ? state : copy} onSend={(sent) => void sent.catch(() => {})} />
      <p className="fine talk-link" role="status">{cut ? t.talk.noLink : ""}</p>
      <Said />
    </>
  );
}

const root = document.querySelector<HTMLElement>("#bar");
const main = document.querySelector<HTMLElement>("#talk");
if (root && main) {
  const first = JSON.parse(document.querySelector("#view")?.textContent || "null") as FirstView | null;
  createRoot(root).render(
    <ClientProvider client={createClient()}>
      <Talk id={main.dataset["room"] ?? ""} first={first} />
    </ClientProvider>,
  );
}
