/**
 * What the app tells beside the page itself: short notes on the screen, and
 * sentences for screen readers, which are gathered so that a busy feed does
 * not talk without end.
 */
import { useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { createPortal } from "react-dom";

const noteMs = 5_000;
const gatherMs = 4_000;

export interface Note {
  readonly key: number;
  readonly text: string;
  readonly tone: "good" | "bad";
}

let notes: readonly Note[] = [];
let polite = "";
let urgent = "";
let next = 1;
let gathering: { fresh: number; joined: number; timer: number } | undefined;
const listeners = new Set<() => void>();
const box = document.createElement("div");

function changed(): void {
  // An open dialog makes the rest of the page inert: what is told has to stand inside it.
  const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (box.parentNode !== top) top.append(box);
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** A note at the bottom of the screen for a few seconds; screen readers hear it at once. */
export function note(text: string, tone: Note["tone"] = "good"): void {
  const made = { key: next++, text, tone };
  notes = [...notes.slice(-1), made];
  changed();
  setTimeout(() => {
    notes = notes.filter((n) => n !== made);
    changed();
  }, noteMs);
}

/** For screen readers only, politely. */
export function say(text: string): void {
  polite = polite === text ? `${text} ` : text; // the same words again are still a change
  changed();
}

/** For screen readers only, at once: you were banned, the event is over. */
export function alert(text: string): void {
  urgent = text;
  changed();
}

/** Counts what arrives and says it in one sentence once in a while. */
export function gather(what: "fresh" | "joined", n: number, sentence: (counts: { fresh: number; joined: number }) => string): void {
  if (!gathering) {
    const counts = { fresh: 0, joined: 0, timer: 0 };
    gathering = counts;
    counts.timer = window.setTimeout(() => {
      gathering = undefined;
      say(sentence(counts));
    }, gatherMs);
  }
  gathering[what] += n;
}

export function Said(): ReactNode {
  const shown = useSyncExternalStore(subscribe, () => notes);
  const politely = useSyncExternalStore(subscribe, () => polite);
  const urgently = useSyncExternalStore(subscribe, () => urgent);
  return createPortal(
    <>
      <div className="notes" role="status">
        {shown.map((n) => (
          <p key={n.key} className={`note ${n.tone}`}>
            {n.text}
          </p>
        ))}
      </div>
      <p className="hush" aria-live="polite">{politely}</p>
      <p className="hush" role="alert">{urgently}</p>
    </>,
    box,
  );
}
