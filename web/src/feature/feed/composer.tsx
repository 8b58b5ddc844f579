/** Writing a post, or new words for one. */
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import { feed } from "roomful";
import { useActions } from "../../event/actions.js";
import { usePlace } from "../../event/place.js";
import { t } from "../../messages/en.js";
import { Icon } from "../../ui/icons.js";
import { Sheet } from "../../ui/sheet.js";
import { tooLong } from "./length.js";
import { Canvas } from "./photos.js";
import type { Prepared } from "./prepare.js";
import { pick } from "./sending.js";
import type { Picked } from "./sending.js";

const maxPhotos = 10;

interface ComposerProps {
  readonly edit?: { readonly post: string; readonly text: string };
  /** The key of a refused post whose words are taken up again. */
  readonly again?: string;
}

export function Composer({ edit, again }: ComposerProps): ReactNode {
  const { room, sending, close, tried } = useActions();
  const place = usePlace();
  const refused = again ? room.pending.getSnapshot().find((p) => p.key === again) : undefined;
  const [text, setText] = useState(edit?.text ?? (refused?.data as { text?: string } | undefined)?.text ?? "");
  const [picked, setPicked] = useState<readonly Picked[]>([]);
  const [hint, setHint] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const over = tooLong(text);

  const add = (files: FileList | null) => {
    const chosen = [...(files ?? [])];
    const room = maxPhotos - picked.length;
    setHint(chosen.length > room ? t.composer.tooMany : "");
    setPicked([...picked, ...chosen.slice(0, room).map(pick)]);
  };
  const post = () => {
    const words = text.trim();
    if (over) return area.current?.focus();
    if (!words && picked.length === 0) {
      setHint(t.composer.empty);
      return area.current?.focus();
    }
    if (edit) void tried(room.feature(feed).send("feed.edit", { post: edit.post, text: words }));
    else {
      refused?.discard();
      void sending.add(words, picked);
      scrollTo({ top: 0 });
    }
    close();
  };

  return (
    <Sheet title={edit ? t.composer.editTitle : t.composer.title} onClose={close} focus={area} className="composer">
      <div className="field">
        <label htmlFor="composer-text" className="hush">{t.composer.text}</label>
        <textarea
          id="composer-text"
          ref={area}
          rows={4}
          dir="auto"
          value={text}
          placeholder={t.composer.placeholder}
          aria-invalid={over > 0}
          aria-describedby="composer-hint"
          onInput={(e) => {
            setText(e.currentTarget.value);
            setHint("");
          }}
          onKeyDown={(e) => {
            if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) post();
          }}
        />
      </div>
      {picked.length > 0 && (
        <ul className="picked">
          {picked.map((p, i) => (
            <li key={p.key}>
              <Preview picked={p} />
              <button type="button" className="round" aria-label={t.composer.remove(i + 1)} onClick={() => setPicked(picked.filter((other) => other !== p))}>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <p id="composer-hint" className={`fine ${over || hint ? "warn" : ""}`} role={over || hint ? "alert" : undefined}>
        {over ? t.composer.tooLong(over) : hint || (edit ? "" : place.event.moderation === "pre" && !place.staff ? t.composer.moderated : t.composer.who)}
      </p>
      <div className="composer-acts">
        {!edit && (
          <>
            <FileButton label={t.composer.camera} icon="camera" camera onFiles={add} />
            <FileButton label={t.composer.library} icon="picture" onFiles={add} />
          </>
        )}
        <button type="button" className="button primary" onClick={post}>{edit ? t.save : t.composer.post}</button>
      </div>
    </Sheet>
  );
}

function FileButton({ label, icon, camera, onFiles }: { label: string; icon: "camera" | "picture"; camera?: boolean; onFiles: (files: FileList | null) => void }): ReactNode {
  return (
    <label className="button file">
      <Icon name={icon} />
      <span>{label}</span>
      <input
        type="file"
        className="hush"
        accept="image/*"
        multiple={!camera}
        {...(camera ? { capture: "environment" as const } : {})}
        onChange={(e) => {
          onFiles(e.currentTarget.files);
          e.currentTarget.value = ""; // the same picture may be chosen again
        }}
      />
    </label>
  );
}

function Preview({ picked }: { picked: Picked }): ReactNode {
  const [ready, setReady] = useState<Prepared>();
  useEffect(() => {
    let here = true;
    void picked.ready.then((prepared) => here && setReady(prepared));
    return () => void (here = false);
  }, [picked]);
  if (ready?.preview) return <Canvas of={ready.preview} />;
  return <span className="own-picture unknown">{ready ? <Icon name="picture" /> : null}</span>;
}
