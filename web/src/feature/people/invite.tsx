/** Link and QR code of the event. */
import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { copyText } from "../../copy.js";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { note } from "../../ui/say.js";
import { Sheet } from "../../ui/sheet.js";

export function InviteSheet(): ReactNode {
  const { close } = useActions();
  return (
    <Sheet title={t.people.invite} onClose={close}>
      <Invite />
    </Sheet>
  );
}

export function Invite(): ReactNode {
  const { url, event } = usePlace();
  const square = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawn = document.querySelector<HTMLTemplateElement>("#qr")?.content.cloneNode(true); // the server drew it
    if (drawn) square.current?.replaceChildren(drawn);
  }, []);
  return (
    <div className="invite-card">
      <div className="qr" ref={square} role="img" aria-label={t.people.qr} />
      <p className="fine">{t.people.inviteText}</p>
      <p className="link"><a href={url}>{url.replace(/^https?:\/\//, "")}</a></p>
      <div className="row">
        <button type="button" className="button" onClick={async () => (await copyText(url)) && note(t.copied)}><Icon name="copy" />{t.copy}</button>
        {"share" in navigator && (
          <button type="button" className="button" onClick={() => void navigator.share({ url, title: event.name }).catch(() => {})}>{t.share}</button>
        )}
      </div>
    </div>
  );
}
