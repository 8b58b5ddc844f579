/**
 * roomful: live rooms in the browser.
 *
 * A client keeps one connection; a room is a log and the client's place in
 * it; features turn the log into typed state; commands go through an outbox
 * that sends each exactly once. No framework, no dependencies; React hooks
 * are in "roomful/react".
 */
export { createClient } from "./client.js";
export type { Client, ClientOptions, CreatedEvent, JoinedEvent, Status } from "./client.js";
export type { Clock, KeyValueStorage, Locks, Logger, PageEvents, Socket, SocketConstructor, Timers } from "./environment.js";
export { RoomError } from "./error.js";
export type { ErrorCode } from "./error.js";
export type {
  Ask,
  Command,
  Commands,
  Delivery,
  Feature,
  FoldContext,
  Page,
  Pending,
  Update,
} from "./feature.js";
export type { Readable } from "./readable.js";
export type { FeatureBase, FeatureHandle, RoomHandle, RoomOptions, RoomPhase, RoomTrouble, Signals } from "./room.js";

export { channel } from "./feature/channel.js";
export type { ChannelCommands, ChannelEntry, ChannelState } from "./feature/channel.js";
export { event } from "./feature/event.js";
export type { EventCommands, EventFeatures, EventState, Moderation, Preset } from "./feature/event.js";
export { feed, photoPath } from "./feature/feed.js";
export type {
  Author,
  Comment,
  CommentList,
  FeedCommands,
  FeedReads,
  FeedState,
  Photo,
  Post,
  PostState,
} from "./feature/feed.js";
export { isHost, isStaff, people } from "./feature/people.js";
export type { Member, PeopleCommands, PeoplePage, PeopleReads, PeopleState, Role } from "./feature/people.js";
export { reactions } from "./feature/reactions.js";
export type { ReactionsCommands, ReactionsState } from "./feature/reactions.js";
