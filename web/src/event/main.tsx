import "../style/base.css";
import "../style/event.css";
import { createRoot } from "react-dom/client";
import { createClient } from "roomful";
import { ClientProvider } from "roomful/react";
import { setClock } from "../ui/ago.js";
import { App } from "./app.js";
import type { FirstView } from "./place.js";

const root = document.querySelector<HTMLElement>("#app");

function firstView(): FirstView | undefined {
  const written = document.querySelector("#view")?.textContent;
  return written ? ((JSON.parse(written) as FirstView | null) ?? undefined) : undefined;
}

if (root) {
  const client = createClient();
  setClock(() => client.serverTime());
  const { code = "", url = location.href } = root.dataset;
  root.replaceChildren(); // the first render paints the same header, with everything below it
  createRoot(root).render(
    <ClientProvider client={client}>
      <App client={client} code={code} url={url} first={firstView()} />
    </ClientProvider>,
  );
}
