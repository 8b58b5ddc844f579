import "../style/base.css";
import { t } from "../messages/en.js";
import { onlyOnce } from "./form.js";

const remembered = "roomful.name";
const form = document.querySelector<HTMLFormElement>("#join");
const input = document.querySelector<HTMLInputElement>("#name");
const dice = document.querySelector<HTMLButtonElement>("#dice");

const one = (words: string[]) => words[Math.floor(Math.random() * words.length)];

function suggest(): void {
  if (!input || !dice) return;
  input.value = `${one(t.join.adjectives)} ${one(t.join.animals)}`;
  dice.classList.remove("roll");
  void dice.offsetWidth; // restarts the animation
  dice.classList.add("roll");
}

function recall(): string | null {
  try {
    return localStorage.getItem(remembered);
  } catch {
    return null; // storage is switched off
  }
}

if (form && input && dice) {
  dice.hidden = false;
  dice.addEventListener("click", suggest);
  if (!input.value) input.value = recall() ?? "";
  form.addEventListener("submit", () => {
    try {
      localStorage.setItem(remembered, input.value.trim());
    } catch {
      // storage is switched off
    }
  });
  onlyOnce(form, t.join.joining);
}
