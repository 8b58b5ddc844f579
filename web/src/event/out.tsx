/** Not in the room (any more): why, and what can be done. */
import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import type { RoomTrouble } from "roomful";
import { t } from "../messages/en.js";
import { alert } from "../ui/say.js";
import { useActions } from "./actions.js";

export function Out({ reason, message }: { reason: RoomTrouble["reason"]; message: string }): ReactNode {
  const { room } = useActions();
  useEffect(() => alert(t.out[reason]), [reason]);
  const text = reason === "banned" ? t.out.bannedText : reason === "needs_auth" ? t.out.needs_authText : message;
  return (
    <Whole title={t.out[reason]} text={text}>
      {reason === "needs_auth" && <button type="button" className="button primary wide" onClick={() => location.reload()}>{t.out.rejoin}</button>}
      {(reason === "forbidden" || reason === "invalid") && <button type="button" className="button wide" onClick={() => room.rejoin()}>{t.out.retry}</button>}
    </Whole>
  );
}

export function Left({ onBack }: { onBack: () => void }): ReactNode {
  return (
    <Whole title={t.me.left} text={t.me.leftText}>
      <button type="button" className="button primary wide" onClick={onBack}>{t.me.comeBack}</button>
    </Whole>
  );
}

function Whole({ title, text, children }: { title: string; text: string; children: ReactNode }): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main className="whole">
      <h1 ref={heading} tabIndex={-1}>{title}</h1>
      <p className="lead">{text}</p>
      {children}
    </main>
  );
}
