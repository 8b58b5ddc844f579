/** What may be done with a post, by whoever may do it. */
import { useState } from "react";
import type { ReactNode } from "react";
import { feed } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import type { IconName } from "../../ui/icons.js";
import { note } from "../../ui/say.js";
import { Sheet } from "../../ui/sheet.js";
import { findPost } from "./thread.js";

export function PostMenu({ id }: { id: string }): ReactNode {
  const place = usePlace();
  const { room, close, open, tried } = useActions();
  const [sure, setSure] = useState(false);
  const post = findPost(place, id);
  const posts = room.feature(feed);
  const me = place.people.me?.id;
  if (!post) {
    return <Sheet title={t.post.menu.title} onClose={close}><p className="fine">{t.post.gone}</p></Sheet>;
  }
  const mine = post.by.id === me;
  const may = place.event.life === "open";
  const send = async (sent: Promise<unknown>, done = "") => {
    close();
    if ((await tried(sent)) && done) note(done);
  };
  const author = place.people.members.find((m) => m.id === post.by.id);

  return (
    <Sheet title={t.post.by(post.by.name)} onClose={close} className="menu">
      <ul>
        {mine && may && <Row icon="edit" label={t.post.menu.edit} onClick={() => open({ show: "composer", edit: { post: id, text: post.text } }, "instead")} />}
        {place.staff && post.state === "visible" && (
          <>
            <Row icon="pin" label={post.pinned ? t.post.menu.unpin : t.post.menu.pin} onClick={() => send(posts.send("feed.pin", { post: id, on: !post.pinned }))} />
            <Row icon="eyeOff" label={t.post.menu.hide} onClick={() => send(posts.send("feed.hide", { post: id }), t.post.hiddenNow)} />
          </>
        )}
        {place.staff && post.state === "hidden" && <Row icon="check" label={t.post.menu.restore} onClick={() => send(posts.send("feed.restore", { post: id }))} />}
        {place.staff && !mine && author && place.event.features.people && (
          <Row icon="people" label={t.post.menu.person(post.by.name)} onClick={() => open({ show: "member", id: post.by.id }, "instead")} />
        )}
        {(mine || place.host) && (
          <Row icon="trash" danger label={sure ? t.post.menu.deleteSure : t.post.menu.delete} onClick={() => (sure ? send(posts.send("feed.delete", { post: id }), t.post.deletedNow) : setSure(true))} />
        )}
      </ul>
    </Sheet>
  );
}

export function Row({ icon, label, danger, onClick }: { icon: IconName; label: string; danger?: boolean; onClick: () => void }): ReactNode {
  return (
    <li>
      <button type="button" className={`menu-row ${danger ? "danger" : ""}`} onClick={onClick}>
        <Icon name={icon} />
        {label}
      </button>
    </li>
  );
}
