/**
 * The state of the link, for a pill on the screen:
 *
 *     connecting ──► live ◄──► slow            slow: round trips over 1 s
 *                     │ ▲
 *       2 s no link   ▼ │ hello answered
 *                reconnecting ──► offline      after 15 s, or the browser says so
 *                     │  ▲
 *                     ▼  │
 *                server_trouble                the server answers, with an error; tried again
 *
 *     needs_auth     sign in, then authenticate()
 *     update_needed  the server no longer speaks this version: reload the page
 *     stopped        closed, or the server said not to come back
 */
export type Status =
  | "connecting"
  | "live"
  | "slow"
  | "reconnecting"
  | "offline"
  | "server_trouble"
  | "update_needed"
  | "needs_auth"
  | "stopped";
