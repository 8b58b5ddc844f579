/**
 * A sheet: a modal dialog that rises from the bottom edge of a phone and
 * stands in the middle of a larger screen. The browser keeps the focus inside,
 * closes it on Escape and gives the focus back.
 */
import { useEffect, useId, useRef } from "react";
import type { ReactNode, RefObject } from "react";
import { t } from "../messages/en.js";
import { Icon } from "./icons.js";

interface SheetProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** More than a menu: as high as the screen allows. */
  readonly tall?: boolean;
  readonly className?: string;
  /** Gets the focus first; the sheet itself otherwise. */
  readonly focus?: RefObject<HTMLElement | null>;
}

export function Sheet({ title, onClose, children, tall, className = "", focus }: SheetProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const element = dialog.current;
    if (!element || element.open) return;
    const before = document.activeElement;
    element.showModal();
    (focus?.current ?? element).focus({ preventScroll: true });
    const stop = aboveKeyboard(element);
    return () => {
      stop();
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`sheet ${tall ? "tall" : ""} ${className}`}
      aria-labelledby={heading}
      tabIndex={-1}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onPointerDown={(e) => {
        if (e.target === dialog.current) onClose(); // the backdrop
      }}
    >
      <div className="sheet-body">
        <header className="sheet-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="round" aria-label={t.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Where the on-screen keyboard covers the page instead of shrinking it (iOS), the sheet stands on the keyboard. */
function aboveKeyboard(element: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const place = () => element.style.setProperty("--keyboard", `${Math.max(0, window.innerHeight - view.height - view.offsetTop)}px`);
  view.addEventListener("resize", place);
  place();
  return () => view.removeEventListener("resize", place);
}
