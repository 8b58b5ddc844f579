/** The event's settings, for hosts. */
import { useState } from "react";
import type { ReactNode } from "react";
import { event } from "roomful";
import type { EventFeatures } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { note } from "../../ui/say.js";
import { Sheet } from "../../ui/sheet.js";
import { Switch } from "../../ui/switch.js";
import { Invite } from "../people/invite.js";

const features: readonly (keyof EventFeatures)[] = ["feed", "reactions", "people"];

export function HostSheet(): ReactNode {
  const place = usePlace();
  const { room, close, open, tried } = useActions();
  const [name, setName] = useState(place.event.name);
  const [closing, setClosing] = useState(false);
  const to = room.feature(event);
  const set = (change: Parameters<typeof to.send<"event.set">>[1]) => tried(to.send("event.set", change));
  const over = place.event.life === "closed";

  return (
    <Sheet title={t.host.title} onClose={close} tall className="host">
      <div className="stack thread-scroll">
        {!over && <Invite />}
        {place.event.features.feed && (
          <button type="button" className="button wide" onClick={() => open({ show: "review" })}><Icon name="eyeOff" />{t.host.review}{place.feed.review.length > 0 && ` (${place.feed.review.length})`}</button>
        )}
        {!over && (
          <>
            <form
              className="field"
              onSubmit={async (e) => {
                e.preventDefault();
                if (name.trim() && name.trim() !== place.event.name && (await set({ name: name.trim() }))) note(t.saved);
              }}
            >
              <label htmlFor="event-name">{t.host.name}</label>
              <div className="inline">
                <input id="event-name" type="text" maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} />
                <button type="submit" className="button" aria-disabled={!name.trim() || name.trim() === place.event.name}>{t.save}</button>
              </div>
            </form>
            <fieldset className="choices">
              <legend>{t.host.features}</legend>
              {features.map((f) => (
                <Switch key={f} label={t.host.feature[f]} about={t.host.featureText[f]} on={place.event.features[f]} onChange={(on) => void set({ features: { [f]: on } })} />
              ))}
            </fieldset>
            {place.event.features.feed && (
              <fieldset className="segments">
                <legend>{t.host.moderation}</legend>
                <div>
                  {(["post", "pre"] as const).map((mode) => (
                    <label key={mode}>
                      <input type="radio" name="moderation" checked={place.event.moderation === mode} onChange={() => void set({ moderation: mode })} />
                      <span>{t.host.moderations[mode]}</span>
                    </label>
                  ))}
                </div>
              </fieldset>
            )}
            <Switch label={t.host.lock} about={t.host.lockText} on={place.event.locked} onChange={(on) => void tried(to.send("event.lock", { on }))} />
            <div className="field danger-zone">
              {closing ? (
                <>
                  <p>{t.host.closeSure}</p>
                  <div className="row">
                    <button
                      type="button"
                      className="button danger"
                      onClick={() => {
                        close();
                        void tried(to.send("event.close", {}));
                      }}
                    >
                      {t.host.closeDo}
                    </button>
                    <button type="button" className="button plain" onClick={() => setClosing(false)}>{t.cancel}</button>
                  </div>
                </>
              ) : (
                <button type="button" className="button danger wide" onClick={() => setClosing(true)}>{t.host.close}</button>
              )}
              <p className="fine">{t.host.closeText}</p>
            </div>
          </>
        )}
      </div>
    </Sheet>
  );
}
