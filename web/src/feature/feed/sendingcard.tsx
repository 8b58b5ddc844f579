/** A post of ours whose photos are on their way. */
import type { ReactNode } from "react";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Avatar } from "../../ui/avatar.js";
import { Icon } from "../../ui/icons.js";
import { Canvas } from "./photos.js";
import type { SendingPost } from "./sending.js";

export function SendingCard({ post }: { post: SendingPost }): ReactNode {
  const { sending } = useActions();
  const me = usePlace().people.me;
  const failed = post.photos.find((p) => p.stage === "failed");
  const waiting = !failed && post.photos.some((p) => p.stage === "waiting") && !post.photos.some((p) => p.stage === "uploading");
  const done = post.photos.filter((p) => p.stage === "done").length;
  const part = post.photos.reduce((sum, p) => sum + p.progress, 0) / post.photos.length;
  const told = failed
    ? t.sending.failed(failed.error ?? "")
    : waiting
      ? t.sending.waiting
      : t.sending.progress(done, post.photos.length, Math.round(part * 100));
  const alone = post.photos.length === 1 ? post.photos[0] : undefined;
  return (
    <article className="post unsent" aria-label={t.sending.label} tabIndex={0}>
      <header className="post-head">
        <Avatar id={me?.id ?? ""} name={me?.name ?? ""} />
        <span className="post-by">
          <span className="post-name">{me?.name}</span>
          <span className="post-when">{t.sending.label}</span>
        </span>
      </header>
      <div className={`photos of-${Math.min(4, post.photos.length)}`}>
        {post.photos.slice(0, 4).map((photo) => (
          <div key={photo.key} className="photo" style={alone?.width ? { aspectRatio: String(Math.min(1.91, Math.max(0.8, alone.width / alone.height))) } : {}}>
            {photo.preview ? <Canvas of={photo.preview} /> : <Icon name="picture" />}
          </div>
        ))}
      </div>
      {post.text && <p className="post-text" dir="auto">{post.text}</p>}
      <div className={`post-mark ${failed || waiting ? "queued" : "quiet"}`}>
        <p><Icon name={failed ? "alert" : "clock"} />{told}</p>
        {!failed && !waiting && <progress max={1} value={part} aria-label={t.sending.label} />}
        <div className="row">
          {failed && <button type="button" className="button" onClick={() => sending.retry(post.key)}>{t.retry}</button>}
          {(failed || waiting) && <button type="button" className="button plain" onClick={() => sending.discard(post.key)}>{t.discard}</button>}
        </div>
      </div>
    </article>
  );
}
