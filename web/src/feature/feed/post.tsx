/** One post as a card. */
import { memo } from "react";
import type { ReactNode } from "react";
import { feed } from "roomful";
import type { Post } from "roomful";
import { useActions } from "../../event/actions.js";
import { t } from "../../messages/en.js";
import { Ago } from "../../ui/ago.js";
import { Avatar } from "../../ui/avatar.js";
import { Icon } from "../../ui/icons.js";
import { Roll } from "../../ui/roll.js";
import { Photos } from "./photos.js";
import { PostReactions } from "./reactions.js";

export interface PostProps {
  readonly post: Post;
  readonly kinds: readonly string[];
  readonly chosen: readonly string[] | undefined;
  readonly mine: boolean;
  readonly staff: boolean;
  readonly mayAct: boolean;
  /** It came while we watched: it arrives softly. */
  readonly arrived?: boolean;
}

/** The card's inside; the feed wraps it in its article, the thread in its sheet. */
export const PostCard = memo(function PostCard({ post, kinds, chosen, mine, staff, mayAct, inThread }: PostProps & { inThread?: boolean }): ReactNode {
  const { open } = useActions();
  const settled = !post.delivery;
  return (
    <>
      <header className="post-head">
        <Avatar id={post.by.id} name={post.by.name} />
        <span className="post-by">
          <span className="post-name">{post.by.name}</span>
          <span className="post-when">
            <Ago at={post.at} />
            {post.edited > 0 && <> · {t.post.edited}</>}
            {post.pinned && <span className="post-pinned"><Icon name="pin" />{t.post.pinnedMark}</span>}
          </span>
        </span>
        {settled && (mine || staff) && (
          <button type="button" className="round" aria-label={t.post.more(post.by.name)} aria-haspopup="dialog" onClick={() => open({ show: "menu", post: post.id })}>
            <Icon name="more" />
          </button>
        )}
      </header>
      {post.photos.length > 0 && <Photos post={post} />}
      {post.text && <p className={`post-text ${post.photos.length === 0 && post.text.length < 90 ? "large" : ""}`} dir="auto">{post.text}</p>}
      <PostMark post={post} staff={staff} mine={mine} />
      {settled && post.state === "visible" && (
        <footer className="post-foot">
          <PostReactions post={post} kinds={kinds} chosen={chosen} mayAct={mayAct} />
          {!inThread && (
            <button type="button" className="chip comment-chip" aria-label={t.post.comments(post.comments)} onClick={() => open({ show: "thread", post: post.id, write: post.comments === 0 })}>
              <Icon name="comment" />
              {post.comments > 0 && <Roll value={post.comments} />}
            </button>
          )}
        </footer>
      )}
      {settled && !inThread && post.latest.map((comment) => (
        <button key={comment.id} type="button" className="post-latest" onClick={() => open({ show: "thread", post: post.id })}>
          <b>{comment.by.name}</b> <span dir="auto">{comment.text}</span>
        </button>
      ))}
    </>
  );
});

/** Says where a post stands when that is not simply "here". */
function PostMark({ post, staff, mine }: { post: Post; staff: boolean; mine: boolean }): ReactNode {
  const { room, open, tried } = useActions();
  if (post.delivery === "refused") {
    const pending = room.pending.getSnapshot().find((p) => p.key === post.pending);
    return (
      <div className="post-mark refused" role="group">
        <p><Icon name="alert" />{t.post.refused(pending?.error?.message ?? t.unexpected)}</p>
        <div className="row">
          <button type="button" className="button" onClick={() => pending?.retry()}>{t.retry}</button>
          {pending && post.photos.length === 0 && (
            <button type="button" className="button plain" onClick={() => open({ show: "composer", again: pending.key })}>{t.edit}</button>
          )}
          <button type="button" className="button plain" onClick={() => pending?.discard()}>{t.discard}</button>
        </div>
      </div>
    );
  }
  if (post.delivery === "queued") return <p className="post-mark queued"><Icon name="clock" />{t.post.delivery.queued}</p>;
  if (post.delivery) return <p className="post-mark quiet"><Icon name="clock" />{t.post.delivery[post.delivery]}</p>;
  if (post.state === "visible") return null;

  const moderate = (type: "feed.approve" | "feed.reject" | "feed.restore") => void tried(room.feature(feed).send(type, { post: post.id }));
  return (
    <div className="post-mark waiting">
      <p>
        <Icon name={post.state === "pending" ? "clock" : "eyeOff"} />
        {post.state === "pending" ? (staff && !mine ? t.post.state.pendingStaff : t.post.state.pending) : t.post.state[post.state]}
      </p>
      {staff && (
        <div className="row">
          {post.state === "pending" ? (
            <>
              <button type="button" className="button primary" onClick={() => moderate("feed.approve")}>{t.post.menu.approveShort}</button>
              <button type="button" className="button" onClick={() => moderate("feed.reject")}>{t.post.menu.reject}</button>
            </>
          ) : post.state === "hidden" ? (
            <button type="button" className="button" onClick={() => moderate("feed.restore")}>{t.post.menu.restore}</button>
          ) : null}
        </div>
      )}
    </div>
  );
}
