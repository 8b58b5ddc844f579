import { t } from "../../messages/en.js";

const signs: Readonly<Record<string, string>> = {
  heart: "❤️",
  joy: "😂",
  wow: "😮",
  clap: "👏",
  fire: "🔥",
  tear: "🥲",
  party: "🎉",
  mind: "🤯",
};

/** How a kind of reaction is drawn. A kind this build does not know is drawn as a star. */
export const sign = (kind: string): string => signs[kind] ?? "⭐";
export const kindName = (kind: string): string => t.reactions.names[kind] ?? kind;
