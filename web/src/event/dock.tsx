/** The lower edge: the room's reactions, the tabs, and the raised button for a new post. */
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { reactions } from "roomful";
import { ReactionBar } from "../feature/reactions/bar.js";
import { t } from "../messages/en.js";
import { Icon } from "../ui/icons.js";
import { useActions } from "./actions.js";
import type { Tab } from "./app.js";
import { usePlace, useShown } from "./place.js";

export function Dock({ tabs, tab, onTab }: { tabs: boolean; tab: Tab; onTab: (tab: Tab) => void }): ReactNode {
  const place = usePlace();
  const { open } = useActions();
  const { feed, reactions: hearts } = place.event.features;
  const tucked = useTucked();
  const plus = feed && place.mayAct && (
    <button type="button" className="plus" aria-label={t.tabs.post} aria-haspopup="dialog" onClick={() => open({ show: "composer" })}>
      <Icon name="plus" />
    </button>
  );
  const go = (to: Tab) => {
    onTab(to);
    scrollTo({ top: 0 });
  };
  return (
    <section aria-label={t.tabs.dock} className={`dock ${tucked ? "tucked" : ""} ${tabs ? "has-tabs" : ""}`}>
      {hearts && feed && place.event.life === "open" && <Hearts />}
      {tabs ? (
        <nav className="tabs" aria-label={t.tabs.label}>
          <button type="button" aria-current={tab === "feed" ? "page" : undefined} onClick={() => go("feed")}><Icon name="feed" />{t.tabs.feed}</button>
          {plus || <span className="no-plus" />}
          <button type="button" aria-current={tab === "people" ? "page" : undefined} onClick={() => go("people")}><Icon name="people" />{t.tabs.people}</button>
        </nav>
      ) : (
        plus && <div className="alone">{plus}</div>
      )}
    </section>
  );
}

/** The strip of hearts above the tabs. */
function Hearts(): ReactNode {
  const place = usePlace();
  const { room, tried } = useActions();
  const state = useShown(room, reactions, place.first, place.live);
  if (state.kinds.length === 0) return null;
  return <ReactionBar room={room} state={state} disabled={!place.mayAct} onSend={(sent) => void tried(sent)} />;
}

/** Reading on hides the strip, scrolling back or stopping at an end shows it. */
function useTucked(): boolean {
  const [tucked, setTucked] = useState(false);
  useEffect(() => {
    let last = scrollY;
    const look = () => {
      const moved = scrollY - last;
      if (Math.abs(moved) < 12) return;
      last = scrollY;
      setTucked(moved > 0 && scrollY > 160);
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return tucked;
}
