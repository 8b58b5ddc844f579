/** Reactions on one post: what it has, and six to choose from. */
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { feed } from "roomful";
import type { Post } from "roomful";
import { useActions } from "../../event/actions.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { calm, Roll } from "../../ui/roll.js";
import { kindName, sign } from "../reactions/kinds.js";

interface Props {
  readonly post: Post;
  readonly kinds: readonly string[];
  readonly chosen: readonly string[] | undefined;
  readonly mayAct: boolean;
}

export function PostReactions({ post, kinds, chosen = [], mayAct }: Props): ReactNode {
  const { room, tried } = useActions();
  const [choosing, setChoosing] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const given = kinds.filter((kind) => (post.reactions[kind] ?? 0) > 0);

  const toggle = (kind: string, from: HTMLElement) => {
    const on = !chosen.includes(kind);
    if (on) spring(from);
    void tried(room.feature(feed).send("feed.react", { post: post.id, kind, on }));
  };
  const shut = () => {
    setChoosing(false);
    opener.current?.focus({ preventScroll: true });
  };

  return (
    <div className="post-reactions" role="group" aria-label={t.post.reactions}>
      {given.map((kind) => (
        <button key={kind} type="button" className="chip" aria-pressed={chosen.includes(kind)} disabled={!mayAct}
          aria-label={t.reactions.button(kindName(kind), post.reactions[kind] ?? 0)} onClick={(e) => toggle(kind, e.currentTarget)}>
          <span className="sign" aria-hidden="true">{sign(kind)}</span>
          <Roll value={post.reactions[kind] ?? 0} />
        </button>
      ))}
      {mayAct && (
        <button ref={opener} type="button" className="chip" aria-label={t.post.react} aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
          <Icon name="smile" />
        </button>
      )}
      {choosing && <Palette kinds={kinds} chosen={chosen} onChoose={(kind, from) => { toggle(kind, from); shut(); }} onClose={shut} />}
    </div>
  );
}

interface PaletteProps {
  readonly kinds: readonly string[];
  readonly chosen: readonly string[];
  readonly onChoose: (kind: string, from: HTMLElement) => void;
  readonly onClose: () => void;
}

function Palette({ kinds, chosen, onChoose, onClose }: PaletteProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector("button")?.focus({ preventScroll: true });
    const outside = (e: PointerEvent) => {
      const parent = box.current?.parentElement;
      if (parent && e.target instanceof Node && !parent.contains(e.target)) onClose();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, []);
  const move = (e: { key: string; preventDefault(): void }) => {
    const buttons = [...(box.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
    if (step) {
      e.preventDefault();
      buttons[(at + step + buttons.length) % buttons.length]?.focus();
    }
    if (e.key === "Escape") {
      e.preventDefault();
      onClose();
    }
  };
  return (
    <div ref={box} className="palette" role="group" aria-label={t.post.react} onKeyDown={move}>
      {kinds.map((kind) => (
        <button key={kind} type="button" aria-label={kindName(kind)} aria-pressed={chosen.includes(kind)} onClick={(e) => onChoose(kind, e.currentTarget)}>
          <span className="sign" aria-hidden="true">{sign(kind)}</span>
        </button>
      ))}
    </div>
  );
}

/** Only one's own actions spring. */
function spring(element: HTMLElement): void {
  if (calm()) return;
  element.querySelector(".sign")?.animate(
    [{ transform: "scale(1)" }, { transform: "scale(1.55) rotate(-8deg)" }, { transform: "scale(.9)" }, { transform: "scale(1)" }],
    { duration: 380, easing: "ease-out" },
  );
}
