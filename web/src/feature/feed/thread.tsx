/** A post with all its comments. */
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { feed } from "roomful";
import type { Comment, Post } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Ago } from "../../ui/ago.js";
import { Avatar } from "../../ui/avatar.js";
import { Icon } from "../../ui/icons.js";
import { Sheet } from "../../ui/sheet.js";
import { tooLong } from "./length.js";
import { PostCard } from "./post.js";

export function findPost(place: ReturnType<typeof usePlace>, id: string): Post | undefined {
  const { posts, pinned, own, review } = place.feed;
  return [...posts, ...pinned, ...own, ...review].find((p) => p.id === id);
}

export function Thread({ id, write }: { id: string; write?: boolean | undefined }): ReactNode {
  const place = usePlace();
  const { room, close, tried } = useActions();
  const field = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const post = findPost(place, id);
  const list = place.feed.comments[id];
  useEffect(() => {
    void tried(room.feature(feed).loadComments(id));
  }, [id]);

  const me = place.people.me?.id;
  return (
    <Sheet title={t.comments.title} onClose={close} tall className="thread" {...(write && place.mayAct ? { focus: field } : {})}>
      <div className="thread-scroll">
        {post ? (
          <article className="post in-thread" aria-label={t.post.by(post.by.name)}>
            <PostCard post={post} kinds={place.feed.kinds} chosen={place.feed.chosen[post.id]} mine={post.by.id === me} staff={place.staff} mayAct={place.mayAct} inThread />
          </article>
        ) : (
          <p className="fine gone">{t.post.gone}</p>
        )}
        {post && (
          <ol className="comments">
            {(list?.items ?? post.latest).map((comment) => (
              <CommentRow key={comment.pending ?? comment.id} comment={comment} mine={comment.by.id === me} staff={place.staff} host={place.host} />
            ))}
          </ol>
        )}
        {list && !list.more && list.items.length === 0 && <p className="fine">{t.comments.none}</p>}
        {list?.more && (
          <p className="older"><button type="button" className="button plain" onClick={() => void tried(room.feature(feed).loadComments(id))}>{t.comments.more}</button></p>
        )}
        <div ref={end} />
      </div>
      {post && place.mayAct && post.state === "visible" && <CommentForm post={id} field={field} onSent={() => requestAnimationFrame(() => end.current?.scrollIntoView({ block: "end" }))} />}
    </Sheet>
  );
}

function CommentForm({ post, field, onSent }: { post: string; field: { current: HTMLTextAreaElement | null }; onSent: () => void }): ReactNode {
  const { room } = useActions();
  const [text, setText] = useState("");
  const over = tooLong(text);
  const send = () => {
    const words = text.trim();
    if (!words || over) return;
    room.feature(feed).send("feed.comment", { post, text: words }).catch(() => {}); // a refused comment stays in the list, with its reason
    setText("");
    field.current?.focus();
    onSent();
  };
  return (
    <form
      className="comment-form"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={text}
        aria-label={t.comments.field}
        placeholder={t.comments.field}
        aria-invalid={over > 0}
        enterKeyHint="send"
        onInput={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && !e.shiftKey && !e.nativeEvent.isComposing) {
            e.preventDefault();
            send();
          }
        }}
      />
      <button type="submit" className="round send" aria-label={t.comments.send} aria-disabled={!text.trim() || over > 0}><Icon name="send" /></button>
      {over > 0 && <p className="fine warn" role="alert">{t.composer.tooLong(over)}</p>}
    </form>
  );
}

function CommentRow({ comment, mine, staff, host }: { comment: Comment; mine: boolean; staff: boolean; host: boolean }): ReactNode {
  const { room, tried } = useActions();
  const pending = comment.pending ? room.pending.getSnapshot().find((p) => p.key === comment.pending) : undefined;
  const remove = () => {
    const type = mine || host ? "feed.delete" : "feed.hide";
    void tried(room.feature(feed).send(type, { comment: comment.id }));
  };
  return (
    <li className={`comment ${comment.delivery ? `unsent ${comment.delivery}` : ""}`}>
      <Avatar id={comment.by.id} name={comment.by.name} />
      <div className="comment-words">
        <p className="comment-by"><b>{comment.by.name}</b> {comment.delivery ? <span>{t.post.delivery[comment.delivery]}</span> : <Ago at={comment.at} />}</p>
        <p dir="auto">{comment.text}</p>
        {comment.delivery === "refused" && (
          <div className="post-mark refused">
            <p><Icon name="alert" />{pending?.error?.message}</p>
            <div className="row">
              <button type="button" className="button" onClick={() => pending?.retry()}>{t.retry}</button>
              <button type="button" className="button plain" onClick={() => pending?.discard()}>{t.discard}</button>
            </div>
          </div>
        )}
      </div>
      {!comment.delivery && (mine || staff) && (
        <button type="button" className="round quiet" aria-label={t.comments.delete(comment.by.name)} onClick={remove}><Icon name="trash" /></button>
      )}
    </li>
  );
}
