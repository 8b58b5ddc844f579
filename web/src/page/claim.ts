import "../style/base.css";
import { t } from "../messages/en.js";

const code = document.querySelector<HTMLElement>("#claim")?.dataset["code"] ?? "";
const telling = document.querySelector("#telling");
const secret = decodeURIComponent(location.hash.slice(1));

const tell = (words: string) => telling?.replaceChildren(words);

async function claim(): Promise<void> {
  tell(t.claim.opening);
  const answer = await fetch(`/v1/events/${encodeURIComponent(code)}/join`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ host: secret }),
  });
  history.replaceState(null, "", location.pathname); // the secret does not stay in the address bar
  if (!answer.ok) return tell(t.claim.failed);
  location.replace(`/e/${encodeURIComponent(code)}`);
}

if (secret) claim().catch(() => tell(t.claim.offline));
