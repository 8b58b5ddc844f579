/** One's own name, visibility and appearance, and the way out. */
import { useState } from "react";
import type { ReactNode } from "react";
import { people } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { chooseTheme, chosenTheme } from "../../theme.js";
import type { Theme } from "../../theme.js";
import { note } from "../../ui/say.js";
import { Sheet } from "../../ui/sheet.js";
import { Switch } from "../../ui/switch.js";

export function MeSheet(): ReactNode {
  const place = usePlace();
  const { room, close, leave, tried } = useActions();
  const me = place.people.me;
  const [name, setName] = useState(me?.name ?? "");
  const [theme, setTheme] = useState<Theme>(chosenTheme());
  const to = room.feature(people);
  const open = place.event.life === "open";

  const rename = async () => {
    const words = name.trim();
    if (!words || words === me?.name) return;
    if (await tried(to.send("people.rename", { name: words }))) note(t.saved);
  };
  return (
    <Sheet title={t.me.title} onClose={close}>
      <div className="stack">
        {open && me && (
          <form
            className="field"
            onSubmit={(e) => {
              e.preventDefault();
              void rename();
            }}
          >
            <label htmlFor="my-name">{t.me.name}</label>
            <div className="inline">
              <input id="my-name" type="text" autoComplete="nickname" maxLength={120} value={name} onInput={(e) => setName(e.currentTarget.value)} />
              <button type="submit" className="button" aria-disabled={!name.trim() || name.trim() === me.name}>{t.save}</button>
            </div>
          </form>
        )}
        {open && me && place.event.features.people && (
          <Switch label={t.me.hide} about={t.me.hideText} on={me.hidden} onChange={(on) => void tried(to.send("people.hide", { on }))} />
        )}
        <fieldset className="segments">
          <legend>{t.me.theme}</legend>
          <div>
            {(["", "light", "dark"] as const).map((choice) => (
              <label key={choice}>
                <input
                  type="radio"
                  name="theme"
                  checked={theme === choice}
                  onChange={() => {
                    chooseTheme(choice);
                    setTheme(choice);
                  }}
                />
                <span>{t.me.themes[choice]}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <div className="field">
          <button type="button" className="button wide" onClick={leave}>{t.me.leave}</button>
          <p className="fine">{t.me.leaveText}</p>
        </div>
      </div>
    </Sheet>
  );
}
