/** The reactions alone, large: for a talk without a feed. */
import type { ReactNode } from "react";
import { reactions } from "roomful";
import { ReactionBar } from "../feature/reactions/bar.js";
import { useActions } from "./actions.js";
import { usePlace, useShown } from "./place.js";

export function Stage(): ReactNode {
  const place = usePlace();
  const { room, tried } = useActions();
  const state = useShown(room, reactions, place.first, place.live);
  return (
    <div className="stage">
      <ReactionBar room={room} state={state} disabled={!place.mayAct} onSend={(sent) => void tried(sent)} />
    </div>
  );
}
