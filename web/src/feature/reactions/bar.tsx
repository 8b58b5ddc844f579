/** The room's reactions: buttons that may be tapped as often as one likes, with totals of everyone. */
import { useEffect, useMemo, useReducer, useRef } from "react";
import type { ReactNode } from "react";
import { reactions } from "roomful";
import type { ReactionsState, RoomHandle } from "roomful";
import { t } from "../../messages/en.js";
import { Roll } from "../../ui/roll.js";
import { say } from "../../ui/say.js";
import { kindName, sign } from "./kinds.js";
import { Particles } from "./particles.js";
import { Taps } from "./taps.js";

const burstEndsMs = 1_500;

interface BarProps {
  readonly room: RoomHandle;
  readonly state: ReactionsState;
  readonly disabled?: boolean;
  /** Sends taps; a refusal is its business. */
  readonly onSend: (sent: Promise<{ accepted: number }>) => void;
}

export function ReactionBar({ room, state, disabled, onSend }: BarProps): ReactNode {
  const buttons = useRef(new Map<string, HTMLButtonElement>());
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const taps = useMemo(
    () => new Taps((kind, n) => onSend(room.feature(reactions).send("reactions.tap", { kind, n })), () => redraw()),
    [room],
  );
  const particles = useParticles();
  const told = useRef(0);
  const shown = (kind: string) => (state.counts[kind] ?? 0) + taps.waiting(kind);

  // What others sent rises from its button. Own taps rose when they were made, and `shown` already counts them;
  // the highest total so far is kept, for taps over the limit make it fall again.
  const totals = useRef<Record<string, number> | undefined>(undefined);
  useEffect(() => {
    const before = totals.current;
    totals.current = Object.fromEntries(state.kinds.map((kind) => [kind, Math.max(shown(kind), before?.[kind] ?? 0)]));
    if (!before) return;
    for (const kind of state.kinds) {
      const more = shown(kind) - (before[kind] ?? 0);
      const button = buttons.current.get(kind);
      if (more > 0 && button) particles.current?.burst(kind, more, button.getBoundingClientRect());
    }
  }, [state.counts]);

  const tap = (kind: string) => {
    const button = buttons.current.get(kind);
    if (totals.current) totals.current[kind] = (totals.current[kind] ?? 0) + 1;
    taps.tap(kind);
    if (button) particles.current?.burst(kind, 1, button.getBoundingClientRect(), true);
    clearTimeout(told.current);
    told.current = window.setTimeout(() => say(t.reactions.sent(kindName(kind))), burstEndsMs);
  };

  return (
    <div className="reaction-bar" role="group" aria-label={t.reactions.bar}>
      {state.kinds.map((kind) => (
        <button
          key={kind}
          type="button"
          ref={(button) => void (button ? buttons.current.set(kind, button) : buttons.current.delete(kind))}
          className="reaction"
          disabled={disabled}
          aria-label={t.reactions.button(kindName(kind), shown(kind))}
          onClick={() => tap(kind)}
        >
          <span className="sign" aria-hidden="true">{sign(kind)}</span>
          <span className="total" aria-hidden="true">{shown(kind) > 0 && <Roll value={shown(kind)} />}</span>
        </button>
      ))}
    </div>
  );
}

function useParticles(): { readonly current: Particles | undefined } {
  const particles = useRef<Particles | undefined>(undefined);
  useEffect(() => {
    const canvas = document.createElement("canvas");
    canvas.className = "particles";
    canvas.setAttribute("aria-hidden", "true");
    document.body.append(canvas);
    particles.current = new Particles(canvas);
    return () => {
      particles.current?.stop();
      canvas.remove();
    };
  }, []);
  return particles;
}
