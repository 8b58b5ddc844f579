/** The event page: header, what is shown, dock, and what lies on top. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import type { Client } from "roomful";
import { useConnectionStatus } from "roomful/react";
import { Composer } from "../feature/feed/composer.js";
import { Feed } from "../feature/feed/feed.js";
import { PostMenu } from "../feature/feed/menu.js";
import { Viewer } from "../feature/feed/photos.js";
import { Review } from "../feature/feed/review.js";
import { Sending } from "../feature/feed/sending.js";
import { findPost, Thread } from "../feature/feed/thread.js";
import { HostSheet } from "../feature/event/host.js";
import { Invite, InviteSheet } from "../feature/people/invite.js";
import { MeSheet } from "../feature/people/me.js";
import { MemberSheet } from "../feature/people/member.js";
import { PeopleList } from "../feature/people/people.js";
import { t } from "../messages/en.js";
import { alert, Said } from "../ui/say.js";
import { Sheet } from "../ui/sheet.js";
import { ActionsContext, tried, useActions } from "./actions.js";
import type { Actions, Overlay } from "./actions.js";
import { Dock } from "./dock.js";
import { Header } from "./header.js";
import { Left, Out } from "./out.js";
import { PlaceProvider, useChange, usePlace } from "./place.js";
import type { FirstView } from "./place.js";
import { useIdleReports } from "./presence.js";
import { Stage } from "./stage.js";

export type Tab = "feed" | "people";

interface AppProps {
  readonly client: Client;
  readonly code: string;
  readonly url: string;
  readonly first: FirstView | undefined;
}

export function App({ client, code, url, first }: AppProps): ReactNode {
  const [left, setLeft] = useState(false);
  const [stack, open, close] = useStack();
  const room = client.room(`event/${code}`);
  const sending = useMemo(() => new Sending(room), [room]);
  const actions = useMemo<Actions>(
    () => ({
      client,
      room,
      sending,
      open,
      close,
      tried: (sent) => tried(room, sent),
      leave: () => {
        close();
        setLeft(true);
      },
    }),
    [client, room],
  );
  return (
    <ActionsContext.Provider value={actions}>
      {left ? (
        <Left onBack={() => setLeft(false)} />
      ) : (
        <PlaceProvider code={code} url={url} first={first}>
          <Inside stack={stack} />
        </PlaceProvider>
      )}
      <Said />
    </ActionsContext.Provider>
  );
}

function Inside({ stack }: { stack: readonly Overlay[] }): ReactNode {
  const place = usePlace();
  const { room } = useActions();
  const [tab, setTab] = useState<Tab>("feed");
  const phase = useSyncExternalStore(room.phase.subscribe, room.phase.getSnapshot);
  const trouble = useSyncExternalStore(room.error.subscribe, room.error.getSnapshot);
  const status = useConnectionStatus();
  const wide = useWide();
  useIdleReports(room, place.live && place.event.life === "open");
  useSpoken();
  useEffect(() => void (document.title = place.event.name || document.title), [place.event.name]);

  if (phase === "refused" && trouble) return <Out reason={trouble.reason} message={trouble.message} />;
  if (status === "needs_auth") return <Out reason="needs_auth" message={t.out.needs_authText} />;

  const { feed, reactions, people } = place.event.features;
  const tabs = feed && reactions && people && !wide;
  const showPeople = people && !wide && (tabs ? tab === "people" : !feed && !reactions);
  return (
    <>
      <Header onPeople={tabs ? () => setTab("people") : undefined} wide={wide} />
      <div className={`body ${wide && people ? "with-rail" : ""}`}>
        <main className="column">
          <Notices />
          {showPeople ? <PeopleList /> : feed ? <Feed /> : reactions ? <Stage /> : people ? null : <p className="nothing-on">{t.notices.nothingOn}</p>}
        </main>
        {wide && people && (
          <aside className="rail">
            <Invite />
            <PeopleList invite={false} />
          </aside>
        )}
      </div>
      <Dock tabs={tabs} tab={tab} onTab={setTab} />
      {stack.map((overlay, i) => <OnTop key={`${i}-${overlay.show}`} overlay={overlay} />)}
    </>
  );
}

function Notices(): ReactNode {
  const place = usePlace();
  const me = place.people.me;
  const muted = !place.mayAct && me && me.muted > Date.now() && place.event.life === "open" && !place.event.locked;
  const told =
    place.event.life === "closed"
      ? t.notices.closed
      : place.event.locked
        ? place.staff
          ? t.notices.lockedHost
          : t.notices.locked
        : muted
          ? t.notices.muted(t.clock(me.muted))
          : "";
  return told ? <p className="notice">{told}</p> : null;
}

function OnTop({ overlay }: { overlay: Overlay }): ReactNode {
  const place = usePlace();
  const { close } = useActions();
  switch (overlay.show) {
    case "composer":
      return <Composer {...overlay} />;
    case "thread":
      return <Thread id={overlay.post} write={overlay.write} />;
    case "menu":
      return <PostMenu id={overlay.post} />;
    case "viewer": {
      const post = findPost(place, overlay.post);
      return post ? <Viewer post={post} start={overlay.index} onClose={close} /> : null;
    }
    case "member":
      return <MemberSheet id={overlay.id} />;
    case "people":
      return (
        <Sheet title={t.people.title} onClose={close} tall className="people-sheet">
          <div className="thread-scroll">
            <PeopleList />
          </div>
        </Sheet>
      );
    case "invite":
      return <InviteSheet />;
    case "review":
      return <Review />;
    case "host":
      return <HostSheet />;
    case "me":
      return <MeSheet />;
  }
}

/** What lies on top of the page. The browser's back button takes the topmost away, as people expect of a phone. */
function useStack(): [readonly Overlay[], Actions["open"], Actions["close"]] {
  const [stack, setStack] = useState<readonly Overlay[]>([]);
  const depth = () => (history.state as { depth?: number } | null)?.depth ?? 0;
  useEffect(() => {
    if (depth() > 0) history.replaceState({ depth: 0 }, ""); // after a reload nothing is on top
    const back = () => setStack((s) => s.slice(0, depth()));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const [open, close] = useMemo(() => {
    const put: Actions["open"] = (overlay, how) => {
      if (how === "instead") return setStack((s) => [...s.slice(0, -1), overlay]);
      history.pushState({ depth: depth() + 1 }, "");
      setStack((s) => [...s, overlay]);
    };
    return [put, () => void (depth() > 0 && history.back())];
  }, []);
  return [stack, open, close];
}

/** The few things everybody has to hear at once. */
function useSpoken(): void {
  const { event } = usePlace();
  useChange(event.life, (life) => life === "closed" && alert(t.notices.closed));
  useChange(event.locked, (locked) => locked && alert(t.notices.locked));
}

function useWide(): boolean {
  const query = useMemo(() => matchMedia("(min-width: 1024px)"), []);
  return useSyncExternalStore(
    (changed) => {
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => query.matches,
  );
}
