/** The photos of a post: their places are reserved before they load, so nothing jumps. */
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { Photo, Post } from "roomful";
import { useActions } from "../../event/actions.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { Sheet } from "../../ui/sheet.js";
import { ownPreviews, pictureOf } from "./sending.js";

const mostTiles = 4;
const ratio = { lowest: 4 / 5, highest: 1.91 }; // single photos: tall enough to fill a phone, not more

export const altOf = (post: Pick<Post, "text" | "by" | "at">): string =>
  post.text.trim().slice(0, 120) || t.post.photoBy(post.by.name, t.clock(post.at));

/** Width and height as far as anyone here knows them. */
function sized(photo: Photo): Photo {
  return photo.width > 0 ? photo : (ownPreviews.get(photo.id) ?? photo);
}

export function Photos({ post }: { post: Post }): ReactNode {
  const { room, open } = useActions();
  const shown = post.photos.slice(0, mostTiles);
  const more = post.photos.length - shown.length;
  const alone = post.photos.length === 1;
  return (
    <div className={`photos of-${shown.length}`}>
      {shown.map((photo, index) => {
        const alt = alone ? altOf(post) : `${altOf(post)} (${t.post.photoOf(index + 1, post.photos.length)})`;
        return (
          <button key={photo.id} type="button" className="photo" aria-label={t.post.open(alt)} onClick={() => open({ show: "viewer", post: post.id, index })}
            style={alone ? { aspectRatio: aspect(photo) } : {}}>
            <Picture room={room.id} photo={photo} alt="" sizes={alone ? "(min-width: 640px) 600px, 100vw" : "(min-width: 640px) 300px, 50vw"} />
            {more > 0 && index === shown.length - 1 && <span className="photo-more" aria-hidden="true">+{more}</span>}
          </button>
        );
      })}
    </div>
  );
}

function aspect(photo: Photo): string {
  const { width, height } = sized(photo);
  if (!width || !height) return "4 / 3";
  return String(Math.min(ratio.highest, Math.max(ratio.lowest, width / height)));
}

export function Picture({ room, photo, alt, sizes }: { room: string; photo: Photo; alt: string; sizes: string }): ReactNode {
  const { width, height } = sized(photo);
  const { small, large } = pictureOf(room, photo.id);
  const own = ownPreviews.get(photo.id)?.preview;
  const across = (longest: number) => Math.round(Math.min(1, longest / Math.max(width, height, 1)) * width) || longest;
  return (
    <>
      {own && <Canvas of={own} />}
      <img src={small} srcSet={`${small} ${across(320)}w, ${large} ${across(1080)}w`} sizes={sizes} alt={alt}
        {...(width && height ? { width, height } : {})} loading="lazy" decoding="async" />
    </>
  );
}

/** Shows a picture that is only on this phone. (The content security policy has no room for blob: URLs.) */
export function Canvas({ of }: { of: HTMLCanvasElement }): ReactNode {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const copy = document.createElement("canvas");
    copy.width = of.width;
    copy.height = of.height;
    copy.getContext("2d")?.drawImage(of, 0, 0);
    place.current?.replaceChildren(copy);
  }, [of]);
  return <span className="own-picture" ref={place} aria-hidden="true" />;
}

/** One photo as large as the screen, with its neighbours a swipe, a key or a button away. */
export function Viewer({ post, start, onClose }: { post: Post; start: number; onClose: () => void }): ReactNode {
  const { room } = useActions();
  const [index, setIndex] = useState(start);
  const from = useRef<number | undefined>(undefined);
  const photo = post.photos[Math.min(index, post.photos.length - 1)];
  if (!photo) return null;
  const many = post.photos.length > 1;
  const go = (step: number) => setIndex((i) => Math.max(0, Math.min(post.photos.length - 1, i + step)));
  const { width, height } = sized(photo);
  return (
    <Sheet title={many ? t.post.photoOf(index + 1, post.photos.length) : t.post.photoBy(post.by.name, t.clock(post.at))} onClose={onClose} className="viewer">
      <div
        className="viewer-stage"
        onPointerDown={(e) => (from.current = e.clientX)}
        onPointerUp={(e) => {
          const moved = e.clientX - (from.current ?? e.clientX);
          if (Math.abs(moved) > 40) go(moved < 0 ? 1 : -1);
        }}
        onKeyDown={(e) => {
          if (e.key === "ArrowRight") go(1);
          if (e.key === "ArrowLeft") go(-1);
        }}
      >
        <img key={photo.id} src={pictureOf(room.id, photo.id).large} alt={altOf(post)} draggable={false} {...(width && height ? { width, height } : {})} />
        {many && (
          <>
            <button type="button" className="round previous" aria-label={t.viewer.previous} disabled={index === 0} onClick={() => go(-1)}><Icon name="back" /></button>
            <button type="button" className="round next" aria-label={t.viewer.next} disabled={index === post.photos.length - 1} onClick={() => go(1)}><Icon name="next" /></button>
          </>
        )}
      </div>
    </Sheet>
  );
}
