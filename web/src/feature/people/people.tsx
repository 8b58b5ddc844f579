/** Who is in the event. */
import { useEffect, useMemo, useState } from "react";
import type { ReactNode } from "react";
import { isHost, isStaff, people } from "roomful";
import type { Member } from "roomful";
import { usePresence } from "roomful/react";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Avatar } from "../../ui/avatar.js";
import { Icon } from "../../ui/icons.js";

type Presence = "online" | "idle" | "offline";

const searchFrom = 12; // fewer names are seen at a glance
const order: Readonly<Record<Presence, number>> = { online: 0, idle: 1, offline: 2 };

export function PeopleList({ invite = true }: { invite?: boolean }): ReactNode {
  const place = usePlace();
  const { room, open, tried } = useActions();
  const presence = usePresence(room);
  const [search, setSearch] = useState("");
  const [found, setFound] = useState<readonly Member[]>();
  const [cursor, setCursor] = useState<string>();
  const { members, count, me } = place.people;

  useEffect(() => {
    const words = search.trim();
    if (!words) return setFound(undefined);
    const stop = new AbortController();
    const timer = setTimeout(() => {
      room.feature(people).page({ search: words, limit: 50, signal: stop.signal }).then((page) => setFound(page.members), () => {});
    }, 250);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [search]);

  const of = (m: Member): Presence => (m.hidden && m.id !== me?.id ? "offline" : (presence[m.id] ?? (m.id === me?.id ? "online" : "offline")));
  const listed = useMemo(() => {
    const rank = (m: Member) => (m.id === me?.id ? -1 : isHost(m.role) ? 0 : 1);
    return [...members].sort((a, b) => rank(a) - rank(b) || order[of(a)] - order[of(b)] || a.joinedAt - b.joinedAt);
  }, [members, presence, me]);
  const shown = found ?? listed;

  const more = async () => {
    const after = cursor ?? members.at(-1)?.id;
    const ok = await tried(room.feature(people).page({ limit: 100, ...(after && { after }) }).then((page) => setCursor(page.next ?? "")));
    return ok;
  };

  return (
    <section className="people" aria-label={t.people.title}>
      <div className="people-head">
        <h2>{t.people.count(count)}</h2>
        {invite && <button type="button" className="button" onClick={() => open({ show: "invite" })}><Icon name="qr" />{t.people.invite}</button>}
      </div>
      {count >= searchFrom && (
        <label className="search">
          <Icon name="search" />
          <span className="hush">{t.people.search}</span>
          <input type="text" inputMode="search" value={search} placeholder={t.people.search} onInput={(e) => setSearch(e.currentTarget.value)} />
        </label>
      )}
      <ul>
        {shown.map((m) => <PersonRow key={m.id} member={m} state={of(m)} you={m.id === me?.id} />)}
      </ul>
      {shown.length === 0 && found && <p className="fine">{t.people.nobody}</p>}
      {!found && members.length < count && cursor !== "" && (
        <p className="older"><button type="button" className="button plain" onClick={more}>{t.people.more}</button></p>
      )}
    </section>
  );
}

function PersonRow({ member, state, you }: { member: Member; state: Presence; you: boolean }): ReactNode {
  const place = usePlace();
  const { open } = useActions();
  const words = (
    <>
      <Avatar id={member.id} name={member.name} state={state} />
      <span className="person-words">
        <span className="person-name">
          {member.name} {you && <span className="you">{t.people.you}</span>}
        </span>
        <span className="person-state">
          {member.role !== "guest" && <span className={`badge ${isStaff(member.role) ? "staff" : ""}`}>{t.people.roles[member.role] ?? member.role}</span>}
          {t.people.state[state]}
          {member.muted > Date.now() && ` · ${t.people.mutedUntil(t.clock(member.muted))}`}
        </span>
      </span>
    </>
  );
  if (you) return <li><button type="button" className="person" onClick={() => open({ show: "me" })}>{words}<Icon name="edit" /></button></li>;
  if (!place.staff) return <li className="person">{words}</li>;
  return (
    <li>
      <button type="button" className="person" aria-haspopup="dialog" onClick={() => open({ show: "member", id: member.id })}>{words}<Icon name="more" /></button>
    </li>
  );
}
