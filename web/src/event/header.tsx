import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useConnectionStatus, useCount, usePresence } from "roomful/react";
import type { Status } from "roomful";
import { t } from "../messages/en.js";
import { Avatar } from "../ui/avatar.js";
import { Icon } from "../ui/icons.js";
import type { IconName } from "../ui/icons.js";
import { Roll } from "../ui/roll.js";
import { say } from "../ui/say.js";
import { useActions } from "./actions.js";
import { usePlace } from "./place.js";

const backMs = 3_000; // "Live again" stays so long
const quietMs = 2_000; // a first connection that takes less is no news
const sayEveryMs = 30_000;

export function Header({ onPeople, wide }: { onPeople: (() => void) | undefined; wide: boolean }): ReactNode {
  const place = usePlace();
  const { open, room } = useActions();
  const presence = usePresence(room);
  const count = useCount(room);
  const { members, me } = place.people;
  const first = place.first?.signals?.["people.online"] as { count?: number } | undefined;
  const online = Math.max(count ?? first?.count ?? 0, me && !me.hidden ? 1 : 0);
  const here = members.filter((m) => presence[m.id] && m.id !== me?.id && !m.hidden);
  const faces = [...(me ? [me] : []), ...here].slice(0, 3);
  return (
    <header className="bar">
      <h1>{place.event.name}</h1>
      {place.event.features.people && (
        <button
          type="button"
          className="crowd"
          disabled={wide}
          onClick={onPeople ?? (() => open({ show: "people" }))}
        >
          <span className="faces" aria-hidden="true">{faces.map((m) => <Avatar key={m.id} id={m.id} name={m.name} />)}</span>
          <span className="hush">{t.header.before}</span>
          <Roll value={online} />
          <span className="hush">{t.header.after(online)}</span>
        </button>
      )}
      {place.host && <button type="button" className="round" aria-label={t.header.host} aria-haspopup="dialog" onClick={() => open({ show: "host" })}><Icon name="sliders" /></button>}
      <button type="button" className="round" aria-haspopup="dialog" onClick={() => open({ show: "me" })}>
        <span className="hush">{t.header.me}</span>
        {me ? <Avatar id={me.id} name={me.name} /> : <Icon name="more" />}
      </button>
      <Pill />
    </header>
  );
}

const told: Readonly<Partial<Record<Status, { text: string; icon: IconName }>>> = {
  connecting: { text: t.link.connecting, icon: "clock" },
  slow: { text: t.link.slow, icon: "clock" },
  reconnecting: { text: t.link.reconnecting, icon: "clock" },
  offline: { text: t.link.offline, icon: "alert" },
  server_trouble: { text: t.link.trouble, icon: "alert" },
  update_needed: { text: t.link.update, icon: "alert" },
  stopped: { text: t.link.offline, icon: "alert" },
};

/** How the link is, only while that is not simply "live". */
function Pill(): ReactNode {
  const { client } = useActions();
  const status = useConnectionStatus();
  const [shown, setShown] = useState<Status>("live");
  const [back, setBack] = useState(false);
  const saidAt = useRef(-sayEveryMs);

  useEffect(() => {
    const timer = setTimeout(() => setShown(status), status === "connecting" ? quietMs : 0);
    return () => clearTimeout(timer);
  }, [status]);
  const before = useRef(shown);
  useEffect(() => {
    const was = before.current;
    before.current = shown;
    if (was === shown) return;
    const again = shown === "live";
    setBack(again);
    if (performance.now() - saidAt.current > sayEveryMs) {
      saidAt.current = performance.now();
      say(again ? t.link.live : shown === "offline" ? t.link.offlineLong : (told[shown]?.text ?? ""));
    }
    if (!again) return;
    const timer = setTimeout(() => setBack(false), backMs);
    return () => clearTimeout(timer);
  }, [shown]);

  if (shown === "live") return back ? <span className="pill good"><Icon name="check" />{t.link.live}</span> : null;
  const state = told[shown];
  if (!state) return null;
  const act = () => (shown === "update_needed" ? location.reload() : client.reconnect());
  return (
    <button type="button" className={`pill ${shown}`} title={t.link.now} onClick={act}>
      <Icon name={state.icon} />
      {state.text}
    </button>
  );
}
