/** Staff's list of posts that wait for a decision or are hidden. */
import type { ReactNode } from "react";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Sheet } from "../../ui/sheet.js";
import { PostCard } from "./post.js";

export function Review(): ReactNode {
  const place = usePlace();
  const { close } = useActions();
  const me = place.people.me?.id;
  const waitingFirst = [...place.feed.review].sort((a, b) => Number(b.state === "pending") - Number(a.state === "pending"));
  return (
    <Sheet title={t.host.review} onClose={close} tall className="review">
      <div className="thread-scroll">
        {waitingFirst.length === 0 && <p className="fine">{t.host.reviewEmpty}</p>}
        {waitingFirst.map((post) => (
          <article key={post.id} className={`post ${post.state}`} aria-label={t.post.by(post.by.name)}>
            <PostCard post={post} kinds={place.feed.kinds} chosen={undefined} mine={post.by.id === me} staff mayAct={place.mayAct} inThread />
          </article>
        ))}
      </div>
    </Sheet>
  );
}
