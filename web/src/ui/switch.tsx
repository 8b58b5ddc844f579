import { useId } from "react";
import type { ReactNode } from "react";

interface SwitchProps {
  readonly label: string;
  readonly about?: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

export function Switch({ label, about, on, onChange }: SwitchProps): ReactNode {
  const id = useId();
  return (
    <label className="switch" htmlFor={id}>
      <span>
        <span className="switch-label">{label}</span>
        {about && <span className="switch-about" id={`${id}-about`}>{about}</span>}
      </span>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={on}
        aria-describedby={about ? `${id}-about` : undefined}
        onChange={(e) => onChange(e.currentTarget.checked)}
      />
    </label>
  );
}
