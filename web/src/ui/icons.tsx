/** Hand-kept icons, 24 by 24, drawn with the text's colour (many after Lucide, ISC). */
import type { ReactNode } from "react";

const paths = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  back: "m14.5 5-7 7 7 7",
  next: "m9.5 5 7 7-7 7",
  up: "M12 19V5M6 11l6-6 6 6",
  send: "M4 12 20 4l-4.5 16-4-6.5zM11.5 13.5 20 4",
  feed: "M4 5.5h16v9H4zM4 18.5h10",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c.6-3.2 3.2-5 6.5-5s5.9 1.8 6.5 5M16 4.8a3.5 3.5 0 0 1 0 6.4M18.5 14.9c1.7.8 2.7 2.4 3 4.6",
  comment: "M20 11.5a7.5 7.5 0 0 1-11 6.6L4 19.5l1.5-4.3A7.5 7.5 0 1 1 20 11.5Z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  pin: "M12 16v5M8.5 4h7l-.8 6.5 2.8 3.5v2h-11v-2l2.8-3.5z",
  camera: "M4 8.5A1.5 1.5 0 0 1 5.5 7H8l1.5-2.5h5L16 7h2.5A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM12 16.3a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8Z",
  picture: "M5.5 4.5h13a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18V6a1.5 1.5 0 0 1 1.5-1.5ZM4.5 17l4.5-5 3.5 3.5 2.5-2.5 4.5 4.5M15.5 9h.01",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM8.5 14c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9 9.5h.01M15 9.5h.01",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5v-5M9 19.5v-5",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4M12 16.9h.01",
  eyeOff: "M4 4l16 16M9.5 5.4A9 9 0 0 1 12 5c5 0 8 4.5 9 7a13 13 0 0 1-2.3 3.5M6.2 7.2A13.5 13.5 0 0 0 3 12c1 2.5 4 7 9 7 1.5 0 2.8-.4 4-1M10 10.2a2.8 2.8 0 0 0 3.9 3.9",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16.2 16.2 20.5 20.5",
  check: "m5 12.5 4.5 4.5L19 7.5",
  edit: "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5",
  qr: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className={`icon i-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
