import "../style/base.css";
import { copyText } from "../copy.js";

// The page may be the answer to the form at "/": a reload shall show it again, not make a second event.
const code = document.querySelector<HTMLElement>("[data-code]")?.dataset["code"];
if (location.pathname === "/" && code) history.replaceState(null, "", `/e/${code}/host`);

const said = document.querySelector("#said");

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  button.addEventListener("click", async () => {
    const done = await copyText(button.dataset["copy"] ?? "");
    if (said) said.textContent = done ? (button.dataset["done"] ?? "") : "";
  });
}
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-share]")) {
  if (!("share" in navigator)) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.share({ url: button.dataset["share"] ?? "", title: button.dataset["title"] ?? "" }).catch(() => {}); // they changed their mind
  });
}
