/** The feed: newest first, calm under the reader's thumb. */
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { KeyboardEvent, ReactNode } from "react";
import { feed } from "roomful";
import type { Post } from "roomful";
import { useActions } from "../../event/actions.js";
import { useChange, usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { calm } from "../../ui/roll.js";
import { gather, note } from "../../ui/say.js";
import { altOf } from "./photos.js";
import { Picture } from "./photos.js";
import { PostCard } from "./post.js";
import { SendingCard } from "./sendingcard.js";

const farScreens = 1.5; // scrolled further than this, new posts wait behind a button
const settleMs = 500; // at most one change of the layout in that time

const glows = [["coral", "#ff7a66"], ["amber", "#ffc857"], ["mint", "#63e2b7"]] as const;

const keyOf = (post: Post): string => post.pending ?? post.id;

export function Feed(): ReactNode {
  const place = usePlace();
  const { open, room, sending } = useActions();
  const me = place.people.me?.id;
  const far = useFar();
  const settled = useSettled(place.feed.posts, me);
  const { posts, held, show } = useHeld(settled, far, me);
  const first = useRef(posts[0]?.published ?? 0).current;
  const onTheirWay = useSyncExternalStore(sending.subscribe, sending.getSnapshot);
  useAnnounced(place.feed.posts, me, place.live);
  useOwnFate(place.feed.own);

  const own = place.feed.own.filter((post) => !posts.some((p) => p.id === post.id));
  const empty = posts.length === 0 && own.length === 0 && onTheirWay.length === 0;
  const waiting = place.staff ? place.feed.review.filter((post) => post.state === "pending").length : 0;
  const card = (post: Post) => (
    <PostCard post={post} kinds={place.feed.kinds} chosen={place.feed.chosen[post.id]} mine={post.by.id === me} staff={place.staff} mayAct={place.mayAct} />
  );
  const size = place.feed.more ? -1 : own.length + posts.length;

  return (
    <>
      {waiting > 0 && (
        <button type="button" className="banner" aria-haspopup="dialog" onClick={() => open({ show: "review" })}>
          <Icon name="clock" />
          <span>{t.feed.waitingReview(waiting)}</span>
          <b>{t.feed.look}</b>
        </button>
      )}
      {place.feed.pinned.length > 0 && <Pins posts={place.feed.pinned} room={room.id} />}
      {held > 0 && (
        <button type="button" className="fresh" onClick={show}>
          <Icon name="up" />
          {t.feed.fresh(held)}
        </button>
      )}
      {empty ? (
        <Empty mayAct={place.mayAct} />
      ) : (
        <div role="feed" aria-label={t.feed.label} className="feed" onKeyDown={pageKeys}>
          {onTheirWay.map((post) => <SendingCard key={post.key} post={post} />)}
          {[...own, ...posts].map((post, i) => (
            <article
              key={keyOf(post)}
              className={`post ${post.delivery ? `unsent ${post.delivery}` : ""} ${post.published > first && !post.delivery && i < 12 ? "arrived" : ""} ${post.state}`}
              tabIndex={0}
              aria-posinset={i + 1}
              aria-setsize={size}
              aria-label={t.post.by(post.by.name)}
            >
              {card(post)}
            </article>
          ))}
        </div>
      )}
      {place.feed.more && <Older />}
      {!place.feed.more && posts.length > 3 && <p className="the-end">{t.feed.end}</p>}
    </>
  );
}

function Empty({ mayAct }: { mayAct: boolean }): ReactNode {
  const { open } = useActions();
  return (
    <div className="empty">
      <svg viewBox="0 0 200 130" aria-hidden="true" focusable="false">
        <defs>
          {glows.map(([name, colour]) => (
            <radialGradient key={name} id={`glow-${name}`}>
              <stop offset="0" stopColor={colour} stopOpacity=".5" />
              <stop offset="1" stopColor={colour} stopOpacity="0" />
            </radialGradient>
          ))}
        </defs>
        <path className="wire" d="M0 14Q100 84 200 14" />
        <g className="bulb coral"><circle className="glow" fill="url(#glow-coral)" cx="46" cy="48" r="26" /><circle className="glass" cx="46" cy="46" r="6" /></g>
        <g className="bulb amber"><circle className="glow" fill="url(#glow-amber)" cx="100" cy="58" r="26" /><circle className="glass" cx="100" cy="57" r="6" /></g>
        <g className="bulb mint"><circle className="glow" fill="url(#glow-mint)" cx="154" cy="48" r="26" /><circle className="glass" cx="154" cy="46" r="6" /></g>
        <path className="drawing" d="M62 90a6 6 0 0 1 6-6h12l6-9h28l6 9h12a6 6 0 0 1 6 6v32a6 6 0 0 1-6 6H68a6 6 0 0 1-6-6z" />
        <circle className="drawing" cx="100" cy="105" r="13" />
      </svg>
      <h2>{t.feed.emptyTitle}</h2>
      <p>{mayAct ? t.feed.emptyText : t.feed.emptyQuietText}</p>
      {mayAct && (
        <button type="button" className="button primary" onClick={() => open({ show: "composer" })}>
          <Icon name="camera" />
          {t.feed.emptyButton}
        </button>
      )}
    </div>
  );
}

function Pins({ posts, room }: { posts: readonly Post[]; room: string }): ReactNode {
  const { open } = useActions();
  return (
    <section className="pins" aria-label={t.feed.pinned}>
      <ul>
        {posts.map((post) => (
          <li key={post.id}>
            <button type="button" className="pin-card" onClick={() => open({ show: "thread", post: post.id })}>
              {post.photos[0] && <span className="pin-photo"><Picture room={room} photo={post.photos[0]} alt="" sizes="64px" /></span>}
              <span className="pin-words">
                <span className="pin-by"><Icon name="pin" />{post.by.name}</span>
                <span className="pin-text" dir="auto">{post.text || altOf(post)}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Older posts come by themselves near the end, and by a button for those who cannot scroll. */
function Older(): ReactNode {
  const { room, tried } = useActions();
  const button = useRef<HTMLButtonElement>(null);
  const [loading, setLoading] = useState(false);
  const busy = useRef(false);
  const load = async () => {
    if (busy.current) return;
    busy.current = true;
    setLoading(true);
    await tried(room.feature(feed).loadOlder());
    busy.current = false;
    setLoading(false);
  };
  useEffect(() => {
    const near = new IntersectionObserver(([seen]) => void (seen?.isIntersecting && load()), { rootMargin: "600px" });
    if (button.current) near.observe(button.current);
    return () => near.disconnect();
  }, []);
  return (
    <p className="older">
      <button ref={button} type="button" className="button plain" aria-disabled={loading} onClick={load}>
        {loading ? t.feed.loading : t.feed.older}
      </button>
    </p>
  );
}

/** Page Up and Page Down go from post to post (ARIA feed pattern). */
function pageKeys(e: KeyboardEvent<HTMLElement>): void {
  const step = e.key === "PageDown" ? 1 : e.key === "PageUp" ? -1 : 0;
  if (!step || !(e.target instanceof HTMLElement)) return;
  const articles = [...e.currentTarget.querySelectorAll<HTMLElement>(":scope > article")];
  const here = e.target.closest("article");
  const next = articles[articles.findIndex((a) => a === here) + step];
  if (!next) return;
  e.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "start" });
}

function useFar(): boolean {
  const [far, setFar] = useState(false);
  useEffect(() => {
    const look = () => setFar(scrollY > farScreens * innerHeight);
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return far;
}

/** Removals, edits and our own posts show at once; others' new posts at most every half second. */
function useSettled(posts: readonly Post[], me: string | undefined): readonly Post[] {
  const shown = useRef(posts);
  const changedAt = useRef(0);
  const [, redraw] = useState(0);
  const known = new Set(shown.current.map((p) => p.id));
  const wait = changedAt.current + settleMs - Date.now();
  const hold = posts !== shown.current && wait > 0;
  useEffect(() => {
    if (!hold) return;
    const timer = setTimeout(() => redraw((n) => n + 1), wait);
    return () => clearTimeout(timer);
  });
  if (hold) return posts.filter((p) => known.has(p.id) || p.delivery || p.by.id === me);
  if (posts.some((p) => !known.has(p.id))) changedAt.current = Date.now();
  shown.current = posts;
  return posts;
}

/** Far from the top, others' new posts wait until they are asked for. */
function useHeld(posts: readonly Post[], far: boolean, me: string | undefined): { posts: readonly Post[]; held: number; show: () => void } {
  const ceiling = useRef(Infinity);
  if (!far) ceiling.current = Infinity;
  else if (ceiling.current === Infinity) ceiling.current = posts[0]?.published ?? Infinity;
  const shown = posts.filter((p) => p.published <= ceiling.current || p.delivery || p.by.id === me);
  const show = () => {
    ceiling.current = Infinity;
    scrollTo({ top: 0, behavior: calm() ? "auto" : "smooth" });
  };
  return { posts: shown, held: posts.length - shown.length, show };
}

function useAnnounced(posts: readonly Post[], me: string | undefined, live: boolean): void {
  const newest = useMemo(() => Math.max(0, ...posts.filter((p) => p.by.id !== me && !p.delivery).map((p) => p.published)), [posts, me]);
  useChange(newest, (_, before) => {
    if (!live || before === 0) return;
    const n = posts.filter((p) => p.published > before && p.by.id !== me && !p.delivery).length;
    if (n > 0) gather("fresh", n, (all) => t.feed.announce(all.fresh));
  });
}

/** Tells the author what the hosts decided. */
function useOwnFate(own: readonly Post[]): void {
  const hidden = own.filter((p) => p.state === "hidden" || p.state === "rejected").length;
  useChange(hidden, (n, before) => n > before && note(t.post.yoursHidden, "bad"));
}
