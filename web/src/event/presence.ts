/** Tells the room when nobody looks at this page, and when somebody does again. (That we are connected it knows.) */
import { useEffect } from "react";
import { people } from "roomful";
import type { RoomHandle } from "roomful";

const hiddenMs = 60_000;
const untouchedMs = 5 * 60_000;
const touches = ["pointerdown", "keydown", "scroll"] as const;

export function useIdleReports(room: RoomHandle, on: boolean): void {
  useEffect(() => {
    if (!on) return;
    let state: "online" | "idle" = "online";
    let timer = 0;
    const tell = (next: typeof state) => {
      if (next === state) return;
      state = next;
      room.feature(people).send("people.presence", { state }).catch(() => {
        for (const p of room.pending.getSnapshot()) if (p.type === "people.presence" && p.delivery === "refused") p.discard();
      });
    };
    const arm = () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => tell("idle"), document.hidden ? hiddenMs : untouchedMs);
    };
    const touched = () => {
      if (!document.hidden) tell("online");
      arm();
    };
    touches.forEach((type) => addEventListener(type, touched, { passive: true, capture: true }));
    document.addEventListener("visibilitychange", touched);
    arm();
    return () => {
      clearTimeout(timer);
      touches.forEach((type) => removeEventListener(type, touched, { capture: true }));
      document.removeEventListener("visibilitychange", touched);
    };
  }, [room, on]);
}
