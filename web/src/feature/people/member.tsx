/** What staff may do about a person. */
import { useState } from "react";
import type { ReactNode } from "react";
import { people } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { note } from "../../ui/say.js";
import { Sheet } from "../../ui/sheet.js";
import { Switch } from "../../ui/switch.js";

const roles = ["guest", "moderator", "cohost", "spectator"] as const;

export function MemberSheet({ id }: { id: string }): ReactNode {
  const place = usePlace();
  const { room, close, tried } = useActions();
  const [banning, setBanning] = useState(false);
  const [removeContent, setRemoveContent] = useState(true);
  const member = place.people.members.find((m) => m.id === id);
  const to = room.feature(people);
  if (!member) return <Sheet title={t.people.title} onClose={close}><p className="fine">{t.people.nobody}</p></Sheet>;

  const muted = member.muted > Date.now();
  const send = async (sent: Promise<unknown>, done: string) => {
    close();
    if (await tried(sent)) note(done);
  };
  if (banning) {
    return (
      <Sheet key="ban" title={t.people.banTitle(member.name)} onClose={close}>
        <div className="stack">
          <p className="fine">{t.people.banText}</p>
          <Switch label={t.people.banContent} on={removeContent} onChange={setRemoveContent} />
          <button type="button" className="button danger wide" onClick={() => send(to.send("people.ban", { member: id, removeContent }), t.people.banned(member.name))}>{t.people.banDo(member.name)}</button>
          <button type="button" className="button plain wide" onClick={() => setBanning(false)}>{t.back}</button>
        </div>
      </Sheet>
    );
  }
  const untouchable = member.role === "owner" || member.id === place.people.me?.id;
  return (
    <Sheet key="about" title={member.name} onClose={close}>
      <div className="stack">
        {place.host && !untouchable && (
          <fieldset className="choices">
            <legend>{t.people.role}</legend>
            {roles.map((role) => (
              <label key={role} className="choice">
                <input type="radio" name="role" checked={member.role === role} onChange={() => void tried(to.send("people.role", { member: id, role }))} />
                <span><b>{t.people.roles[role]}</b><span className="switch-about">{t.people.roleAbout[role]}</span></span>
              </label>
            ))}
          </fieldset>
        )}
        {untouchable ? (
          <p className="fine">{t.people.roles[member.role]}</p>
        ) : (
          <>
            <div className="row">
              {muted ? (
                <button type="button" className="button" onClick={() => void tried(to.send("people.mute", { member: id, minutes: 0 }))}>{t.people.unmute}</button>
              ) : (
                <>
                  <button type="button" className="button" onClick={() => send(to.send("people.mute", { member: id, minutes: 10 }), t.people.muted(member.name))}>{t.people.mute10}</button>
                  <button type="button" className="button" onClick={() => send(to.send("people.mute", { member: id, minutes: 60 }), t.people.muted(member.name))}>{t.people.mute60}</button>
                </>
              )}
            </div>
            <button type="button" className="button danger wide" onClick={() => setBanning(true)}>{t.people.ban}</button>
          </>
        )}
      </div>
    </Sheet>
  );
}
