/** "3 min": how long ago, kept right by one timer for the whole page. */
import { useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { t } from "../messages/en.js";

const stepMs = 20_000;
const listeners = new Set<() => void>();
let now = Date.now();
let clock = () => Date.now();
let timer = 0;

/** Whose time counts: the server's, once it is known. */
export function setClock(serverTime: () => number): void {
  clock = serverTime;
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = clock();
    timer = window.setInterval(() => {
      if (document.hidden) return;
      now = clock();
      listeners.forEach((l) => l());
    }, stepMs);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

export function Ago({ at }: { at: number }): ReactNode {
  const current = useSyncExternalStore(subscribe, () => now);
  return <time dateTime={new Date(at).toISOString()}>{t.ago(at, Math.max(current, at))}</time>;
}
