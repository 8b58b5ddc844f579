import { expect, test } from "vitest";
import { event, feed, people, reactions } from "../src/index.js";
import type { Feature, Pending, Update } from "../src/index.js";
import { World } from "./world.js";
import type { Frame } from "./world.js";

const id = "event/ab12cd34";

/** A feature that is a list of words: what was said, in order. */
const words: Feature<readonly string[]> = {
  name: "words",
  initial: [],
  open: (view) => (view as { said: readonly string[] } | undefined)?.said ?? [],
  fold: (state, update) => (update.type === "words.said" ? [...state, (update.data as { word: string }).word] : state),
  optimistic: (state, command) => [...state, `(${(command.data as { word: string }).word})`],
};

const said = (seq: number, word: string, op?: string): Update => ({ seq, type: "words.said", at: seq, data: { word }, ...(op && { op }) });

function joined(view: Frame = { words: { said: [] } }, pos = "k:0") {
  const world = new World();
  const client = world.client();
  const room = client.room(id);
  const handle = room.feature(words);
  room.retain();
  const link = (member = "m_1") => {
    world.socket.open();
    world.socket.ok("hello", { member });
  };
  link();
  world.socket.ok("join", { resumed: false });
  const tell = (frame: Frame) => world.socket.tell({ room: id, ...frame });
  tell({ pos, view, mine: {} });
  const say = (word: string) => handle.send("words.say", { word });
  const shown = () => handle.getSnapshot();
  const pending = () => room.pending.getSnapshot().map((p) => [(p.data as { word: string }).word, p.delivery]);
  const entry = (n = 0): Pending => room.pending.getSnapshot()[n]!;
  const reconnect = () => {
    world.socket.drop();
    world.pass(500);
    link();
  };
  return { world, client, room, handle, link, tell, say, shown, pending, entry, reconnect };
}

// --- position and frames

test("a view replaces, updates fold, and the position goes back as since", () => {
  const { world, tell, shown, reconnect } = joined({ words: { said: ["a"] } }, "k:7.g");
  tell({ pos: "k:9.g", updates: [said(8, "b"), said(9, "c")] });
  expect(shown()).toEqual(["a", "b", "c"]);
  reconnect();
  expect(world.socket.last("join")?.join).toEqual({ room: id, since: "k:9.g" });
  world.socket.ok("join", { resumed: false });
  tell({ pos: "z:2.g", view: { words: { said: ["new"] } } });
  expect(shown()).toEqual(["new"]);
});

test("seq may skip, and what was told already is passed over", () => {
  const { tell, shown } = joined();
  tell({ pos: "k:5", updates: [said(2, "a"), said(5, "b")] });
  tell({ pos: "k:6", updates: [said(2, "a"), said(5, "b"), said(6, "c")] });
  expect(shown()).toEqual(["a", "b", "c"]);
});

test("a frame with a position and no updates moves, an old one does not move back", () => {
  const { world, tell, reconnect } = joined();
  tell({ pos: "k:40", updates: [] });
  tell({ pos: "k:30", updates: [] });
  tell({ pos: "k:41" });
  reconnect();
  expect(world.socket.last("join")?.join.since).toBe("k:41");
});

test("no reply and no query moves the position", async () => {
  const { world, room, say, reconnect } = joined();
  void say("x");
  world.socket.ok("send", { seq: 12, reply: {} });
  void room.query("words.page");
  world.socket.ok("query", { pos: "k:20", result: {} });
  reconnect();
  expect(world.socket.last("join")?.join.since).toBe("k:0");
});

test("with more, what is folded is shown only with the next frame without", () => {
  const { world, tell, shown, reconnect } = joined();
  tell({ pos: "k:1", updates: [said(1, "a")], more: true });
  expect(shown()).toEqual([]);
  reconnect();
  expect(world.socket.last("join")?.join.since).toBe("k:1");
  world.socket.ok("join", { resumed: true });
  expect(shown()).toEqual([]);
  tell({ pos: "k:2", updates: [said(2, "b")] });
  expect(shown()).toEqual(["a", "b"]);
});

test("unknown fields, update types and frames change nothing, the position still moves", () => {
  const { world, tell, shown, reconnect } = joined();
  tell({ pos: "k:3", updates: [{ seq: 3, type: "future.happened", at: 1, data: {}, extra: 1 }], hello: "?" });
  tell({ novelty: true });
  expect(shown()).toEqual([]);
  reconnect();
  expect(world.socket.last("join")?.join.since).toBe("k:3");
});

test("updates without a view to stand on are not folded", () => {
  const world = new World();
  const client = world.client();
  const handle = client.room(id).feature(words);
  handle.subscribe(() => {});
  world.socket.open();
  world.socket.tell({ room: id, pos: "k:3", updates: [said(3, "a")] });
  expect(handle.getSnapshot()).toEqual([]);
});

test("a history with another epoch and no view is asked for anew", () => {
  const { world, tell } = joined();
  tell({ pos: "other:3", updates: [said(3, "a")] });
  expect(world.socket.all("join").at(-1)).toEqual({ room: id });
});

test("a room that was never written has a position without epoch", () => {
  const { tell, shown } = joined({ words: { said: [] } }, ":0");
  tell({ pos: "k:1", view: { words: { said: ["first"] } } });
  expect(shown()).toEqual(["first"]);
});

test("signals: the first frame after a join has all, later ones change some, null is gone", () => {
  const { world, room, tell, reconnect } = joined();
  tell({ pos: "k:0", updates: [], signals: { "people.presence/m_1": { state: "online" }, "people.online": { count: 2 } } });
  tell({ pos: "k:0", updates: [], signals: { "people.presence/m_1": null, "people.online": { count: 1 } } });
  expect(room.signals.getSnapshot()).toEqual({ "people.online": { count: 1 } });
  reconnect();
  world.socket.ok("join", { resumed: true });
  expect(room.signals.getSnapshot()).toEqual({ "people.online": { count: 1 } });
  tell({ pos: "k:0", updates: [] });
  expect(room.signals.getSnapshot()).toEqual({});
});

test("a feature asked for late has the same state", () => {
  const { room, tell } = joined({ words: { said: [] }, reactions: { counts: { heart: 1 }, kinds: ["heart"] } });
  tell({ pos: "k:1", updates: [{ seq: 1, type: "reactions.counted", at: 1, data: { counts: { heart: 5 } } }] });
  expect(room.feature(reactions).getSnapshot()).toEqual({ counts: { heart: 5 }, kinds: ["heart"] });
  expect(room.feature(reactions)).toBe(room.feature(reactions));
});

test("a feature asked for after too many updates gets a fresh view", () => {
  const { world, room, tell } = joined({ reactions: { counts: {}, kinds: [] } });
  const many = Array.from({ length: 600 }, (_, i) => ({ seq: i + 1, type: "reactions.counted", at: 1, data: { counts: { heart: i } } }));
  tell({ pos: "k:600", updates: many });
  room.feature(reactions);
  expect(world.socket.all("join").at(-1)).toEqual({ room: id });
  world.socket.ok("join", { resumed: false });
  tell({ pos: "k:601", view: { reactions: { counts: { heart: 600 }, kinds: [] } } });
  expect(room.feature(reactions).getSnapshot().counts).toEqual({ heart: 600 });
});

test("a feature that throws stops neither the room nor the others", () => {
  const { room, tell, shown } = joined();
  room.feature({ name: "words", initial: 0, open: () => 0, fold: () => { throw new Error("bug"); } } as Feature<number>);
  tell({ pos: "k:0", view: { words: { said: [] } } });
  tell({ pos: "k:1", updates: [said(1, "a")] });
  expect(shown()).toEqual(["a"]);
});

test("only: the same in any order and repeated inline changes nothing, more widens", () => {
  const world = new World();
  const client = world.client();
  client.room(id, { only: ["feed", "event"] }).retain();
  world.socket.open();
  client.room(id, { only: ["event", "feed"] });
  client.room(id, { only: ["feed"] });
  expect(world.socket.all("join")).toEqual([{ room: id, only: ["event", "feed"] }]);
  client.room(id, { only: ["people"] });
  expect(world.socket.all("join").at(-1)).toEqual({ room: id, only: ["event", "feed", "people"] });
});

// --- refusals of a room

test.each([
  ["banned", "banned"],
  ["gone", "gone"],
  ["not_found", "not_found"],
  ["unauthenticated", "needs_auth"],
])("a room that answers %s is refused, and not asked again by itself", (code, reason) => {
  const { world, room, tell, reconnect } = joined();
  tell({ bye: { code, message: "Sorry." } });
  expect(room.error.getSnapshot()).toEqual({ reason, message: "Sorry." });
  expect(room.phase.getSnapshot()).toBe("refused");
  reconnect();
  expect(world.socket.all("join")).toHaveLength(0);
  room.rejoin();
  expect(world.socket.all("join")).toHaveLength(1);
  expect(room.error.getSnapshot()).toBeUndefined();
});

test("a busy room is asked again after its time", () => {
  const { world, tell } = joined();
  tell({ bye: { code: "drain", retryAfterMs: 3_000 } });
  world.pass(2_900);
  expect(world.socket.all("join")).toHaveLength(1);
  world.pass(200);
  expect(world.socket.all("join")).toHaveLength(2);
});

test("becoming a member asks refused rooms again on a new link", async () => {
  const world = new World();
  const client = world.client();
  const room = client.room(id);
  room.retain();
  world.socket.open();
  world.socket.refuse("join", "unauthenticated");
  expect(room.error.getSnapshot()?.reason).toBe("needs_auth");
  world.respond = (_url, init) => {
    expect(JSON.parse(String(init?.body))).toEqual({ name: "Bo" });
    return Promise.resolve(Response.json({ member: "m_2", token: "secret" }));
  };
  await client.joinEvent("ab12cd34", { name: "Bo" });
  expect(world.fetched).toEqual(["http://test/v1/events/ab12cd34/join"]);
  world.socket.open();
  expect(world.socket.last("hello")?.hello.token).toBe("secret");
  expect(world.socket.all("join")).toHaveLength(1);
});

// --- outbox

test("a command is shown at once, and leaves the list when the room reaches the reply's seq", async () => {
  const { world, tell, say, shown, pending } = joined();
  const reply = say("x");
  expect(shown()).toEqual(["(x)"]);
  expect(pending()).toEqual([["x", "sent"]]);
  world.socket.ok("send", { seq: 4, reply: { ok: 1 } });
  expect(await reply).toEqual({ ok: 1 });
  expect(pending()).toEqual([["x", "confirmed"]]);
  tell({ pos: "k:3", updates: [said(3, "other")] });
  expect(shown()).toEqual(["other", "(x)"]);
  tell({ pos: "k:4", updates: [said(4, "x", world.socket.last("send")?.send.op)] });
  expect(shown()).toEqual(["other", "x"]);
  expect(pending()).toEqual([]);
});

test("an update that comes before its reply is not shown twice", () => {
  const { world, tell, say, shown, pending } = joined();
  void say("x");
  tell({ pos: "k:4", updates: [said(4, "x", world.socket.last("send")?.send.op)] });
  expect(shown()).toEqual(["x"]);
  world.socket.ok("send", { seq: 4, reply: {} });
  expect(shown()).toEqual(["x"]);
  expect(pending()).toEqual([]);
});

test("ops are client:n, n rising; unanswered ones go again with the same op, in order", () => {
  const { world, say, reconnect, pending } = joined();
  ["a", "b", "c"].forEach((w) => void say(w));
  world.socket.tell({ id: world.socket.sent.find((f) => f.send?.data.word === "b")!.id, ok: { seq: 9 } });
  const first = world.socket.all("send");
  expect(first[0]!.op).toMatch(/^[a-z0-9]{12}:1$/);
  expect(first.map((s) => s.op.split(":")[1])).toEqual(["1", "2", "3"]);
  world.socket.drop();
  expect(pending().map(([, delivery]) => delivery)).toEqual(["queued", "confirmed", "queued"]);
  world.pass(500);
  world.socket.open();
  expect(world.socket.all("send")).toEqual([]);
  world.socket.ok("hello", { member: "m_1" });
  expect(world.socket.all("send")).toEqual([first[0], first[2]]);
  void reconnect;
});

test("what is made without a link is queued and goes when there is one", () => {
  const { world, say, shown, pending, link } = joined();
  world.socket.drop();
  void say("x");
  expect(pending()).toEqual([["x", "queued"]]);
  expect(shown()).toEqual(["(x)"]);
  world.pass(500);
  link();
  expect(pending()).toEqual([["x", "sent"]]);
});

test("n is never sent while n-32 is unanswered", () => {
  const { world, say } = joined();
  for (let i = 0; i < 40; i++) void say(String(i));
  expect(world.socket.all("send")).toHaveLength(32);
  const [first, second] = world.socket.sent.filter((f) => f.send);
  world.socket.tell({ id: second!.id, ok: { seq: 2 } });
  expect(world.socket.all("send")).toHaveLength(32);
  world.socket.tell({ id: first!.id, ok: { seq: 1 } });
  expect(world.socket.all("send")).toHaveLength(34);
});

test("a stale op is numbered anew and sent again", async () => {
  const { world, say, pending } = joined();
  const reply = say("x");
  world.socket.refuse("send", "stale");
  const ops = world.socket.all("send").map((s) => s.op);
  expect(ops).toHaveLength(2);
  expect(ops[1].split(":")[1]).toBe("2");
  world.socket.ok("send", { seq: 1, reply: { fine: true } });
  expect(await reply).toEqual({ fine: true });
  expect(pending()).toEqual([["x", "confirmed"]]);
});

test("a refused command rolls back, stays listed with its reason, and can be tried again or dropped", async () => {
  const { world, say, shown, pending, entry, room } = joined();
  const reply = say("x");
  world.socket.refuse("send", "forbidden");
  await expect(reply).rejects.toMatchObject({ code: "forbidden", message: "No: forbidden." });
  expect(shown()).toEqual([]);
  expect(pending()).toEqual([["x", "refused"]]);
  expect(entry().error?.code).toBe("forbidden");
  const { key } = entry();
  entry().retry();
  expect(shown()).toEqual(["(x)"]);
  expect(entry().key).toBe(key);
  expect(world.socket.all("send").at(-1)!.op).toMatch(/:2$/);
  world.socket.refuse("send", "forbidden");
  entry().discard();
  expect(room.pending.getSnapshot()).toEqual([]);
});

test("busy and rate limited wait their time with the same op, and what follows waits too", () => {
  const { world, say, pending } = joined();
  void say("x");
  world.socket.refuse("send", "rate_limited", 2_000);
  void say("y");
  expect(pending()).toEqual([["x", "queued"], ["y", "local"]]);
  world.pass(1_900);
  expect(world.socket.all("send")).toHaveLength(1);
  world.pass(200);
  expect(world.socket.all("send").map((s) => s.op.split(":")[1])).toEqual(["1", "1", "2"]);
});

test("aborting takes back what has not left, and only ends the waiting for what has", async () => {
  const { world, handle, pending, link } = joined();
  const sent = new AbortController();
  const first = handle.send("words.say", { word: "sent" }, { signal: sent.signal });
  world.socket.drop();
  const queued = new AbortController();
  const second = handle.send("words.say", { word: "queued" }, { signal: queued.signal });
  sent.abort();
  queued.abort();
  await expect(first).rejects.toThrow();
  await expect(second).rejects.toThrow();
  expect(pending()).toEqual([["sent", "queued"]]);
  world.pass(500);
  link();
  expect(world.socket.all("send").map((s) => s.data.word)).toEqual(["sent"]);
});

test("of waiting commands on one register only the last goes, and it answers for all", async () => {
  const { world, room, link } = joined();
  const handle = room.feature(feed);
  const react = (kind: string, on: boolean) => handle.send("feed.react", { post: "p9", kind, on });
  void react("heart", true);
  world.socket.drop();
  const first = react("heart", false);
  void react("joy", true);
  const last = react("heart", true);
  expect(room.pending.getSnapshot()).toHaveLength(3);
  world.pass(500);
  link();
  expect(world.socket.all("send").map((s) => [s.data.kind, s.data.on])).toEqual([["heart", true], ["joy", true], ["heart", true]]);
  world.socket.ok("send", { seq: 3, reply: { now: 1 } });
  expect(await first).toEqual({ now: 1 });
  expect(await last).toEqual({ now: 1 });
});

test("an unanswered command outlives a reload and keeps its op; the new page has a name of its own", () => {
  const before = joined();
  before.world.random = () => 0.1;
  void before.say("x");
  const { op } = before.world.socket.last("send")!.send;
  before.client.close();

  const world = new World();
  Object.assign(world, { storage: before.world.storage });
  world.random = () => 0.9;
  const room = world.client().room(id);
  const handle = room.feature(words);
  room.retain();
  expect(handle.getSnapshot()).toEqual(["(x)"]);
  world.socket.open();
  world.socket.ok("hello", { member: "m_1" });
  expect(world.socket.all("send")).toEqual([{ room: id, type: "words.say", op, data: { word: "x" } }]);
  void handle.send("words.say", { word: "y" });
  expect(world.socket.all("send").at(-1)!.op).toBe("wwwwwwwwwwww:1");
  world.socket.ok("send", { seq: 2 });
  world.socket.tell({ id: world.socket.sent.find((f) => f.send?.op === op)!.id, ok: { seq: 1 } });
  expect(world.storage.length).toBe(0);
});

test("refused commands and their reasons outlive a reload too", () => {
  const before = joined();
  void before.say("x");
  before.world.socket.refuse("send", "too_large");
  before.client.close();
  const world = new World();
  Object.assign(world, { storage: before.world.storage, random: () => 0.9 });
  const room = world.client().room(id);
  room.retain();
  expect(room.pending.getSnapshot()[0]).toMatchObject({ delivery: "refused", error: { code: "too_large" } });
  room.pending.getSnapshot()[0]!.discard();
  expect(world.storage.length).toBe(0);
});

test("leftovers of somebody else are not sent in our name", () => {
  const before = joined();
  void before.say("x");
  before.client.close();
  const world = new World();
  Object.assign(world, { storage: before.world.storage, random: () => 0.9 });
  const room = world.client().room(id);
  room.retain();
  world.socket.open();
  world.socket.ok("hello", { member: "m_other" });
  expect(world.socket.all("send")).toEqual([]);
  expect(room.pending.getSnapshot()[0]).toMatchObject({ delivery: "refused" });
});

test("tabs hold a lock on what they keep: a living tab's commands are left alone", async () => {
  const held = new Set<string>();
  const locks = {
    async request(name: string, { ifAvailable }: { ifAvailable?: boolean }, run: (lock: unknown) => Promise<void> | void) {
      if (held.has(name)) return ifAvailable ? run(null) : undefined;
      held.add(name);
      await run({});
      held.delete(name);
    },
  };
  const world = new World();
  world.random = () => 0.1;
  const first = world.client({ locks });
  void first.room(id).feature(words).send("words.say", { word: "x" });
  world.random = () => 0.9;
  const second = world.client({ locks });
  second.room(id).retain();
  expect(second.room(id).pending.getSnapshot()).toEqual([]);
  first.close();
  await new Promise((done) => setTimeout(done));
  world.random = () => 0.5;
  const third = world.client({ locks });
  third.room(id).retain();
  expect(third.room(id).pending.getSnapshot()).toHaveLength(1);
});

test("a view after a break waits for the replies to what it may hold already", () => {
  const { world, say, shown, tell, reconnect, pending } = joined();
  void say("x");
  reconnect();
  world.socket.ok("join", { resumed: false });
  tell({ pos: "k:4", view: { words: { said: ["x"] } } });
  expect(shown()).toEqual(["(x)"]);
  world.socket.ok("send", { seq: 4 });
  expect(shown()).toEqual(["x"]);
  expect(pending()).toEqual([]);
});

test("that wait ends after 2 s, come what may", () => {
  const { world, say, shown, tell, reconnect } = joined();
  void say("x");
  reconnect();
  world.socket.ok("join", { resumed: false });
  tell({ pos: "k:4", view: { words: { said: ["y"] } } });
  world.pass(2_000);
  expect(shown()).toEqual(["y", "(x)"]);
});

test("a reply's seq that nothing visible leads to is waited for 10 s", () => {
  const { world, say, shown, pending } = joined();
  void say("x");
  world.socket.ok("send", { seq: 9 });
  world.pass(9_900);
  expect(pending()).toEqual([["x", "confirmed"]]);
  world.pass(200);
  expect(pending()).toEqual([]);
  expect(shown()).toEqual([]);
});

test("a new history settles what was confirmed in the old one", () => {
  const { world, say, tell, shown, pending } = joined();
  void say("x");
  world.socket.ok("send", { seq: 400 });
  expect(pending()).toEqual([["x", "confirmed"]]);
  tell({ pos: "z:3", view: { words: { said: ["restored"] } } });
  expect(pending()).toEqual([]);
  expect(shown()).toEqual(["restored"]);
});

test("a room with commands under way stays joined without watchers", () => {
  const world = new World();
  const client = world.client();
  void client.room(id).feature(words).send("words.say", { word: "x" });
  expect(world.sockets).toHaveLength(1);
  world.socket.open();
  world.socket.ok("hello", {});
  world.pass(5_000);
  expect(world.live).toHaveLength(1);
  world.socket.ok("send", { seq: 0 });
  world.socket.tell({ room: id, pos: "k:1", view: {} });
  world.pass(1_000);
  expect(world.live).toHaveLength(0);
  expect(world.timers).toBe(0);
});

test("leave goes at once, forgets, and the next watcher joins anew", () => {
  const { world, room, tell, shown } = joined();
  tell({ pos: "k:1", updates: [said(1, "a")] });
  room.leave();
  expect(world.socket.all("leave")).toHaveLength(1);
  expect(shown()).toEqual([]);
  expect(room.phase.getSnapshot()).toBe("idle");
  room.retain();
  world.socket.open();
  expect(world.socket.all("join").at(-1)).toEqual({ room: id });
});

// --- queries

test("a query's answer waits until the room is there; it is asked again on a new link", async () => {
  const { world, room, tell, reconnect } = joined();
  let answered = false;
  const answer = room.query("words.page", { before: 3 }).then((r) => ((answered = true), r));
  reconnect();
  world.socket.ok("join", { resumed: true });
  expect(world.socket.all("query")).toEqual([{ room: id, name: "words.page", args: { before: 3 } }]);
  world.socket.ok("query", { pos: "k:2", result: { words: ["old"] } });
  await Promise.resolve();
  expect(answered).toBe(false);
  tell({ pos: "k:2", updates: [said(1, "a"), said(2, "b")] });
  expect(await answer).toEqual({ words: ["old"] });
});

test("an answer that nothing visible leads to is handed over all the same", async () => {
  const { world, room } = joined();
  const answer = room.query("words.page");
  world.socket.ok("query", { pos: "k:2", result: 7 });
  world.pass(300);
  expect(await answer).toBe(7);
});

test("a query can be refused, aborted, or told to wait", async () => {
  const { world, room } = joined();
  const refused = room.query("a");
  world.socket.refuse("query", "not_found");
  await expect(refused).rejects.toMatchObject({ code: "not_found" });
  const ending = new AbortController();
  const aborted = room.query("b", {}, { signal: ending.signal });
  ending.abort();
  await expect(aborted).rejects.toThrow();
  const waited = room.query("c");
  world.socket.refuse("query", "busy", 500);
  world.pass(500);
  world.socket.ok("query", { pos: "k:0", result: 1 });
  expect(await waited).toBe(1);
});

// --- the event's own features

const post = (postId: string, published: number, more: Frame = {}): Frame => ({
  id: postId, state: "visible", by: { id: "m_2", name: "Bo" }, at: published, text: postId, photos: [],
  reactions: {}, comments: 0, latest: [], published, pinned: false, edited: 0, seq: published, ...more,
});

const feedView = (posts: Frame[], more: boolean, count: number): Frame => ({
  feed: { posts, pinned: [], more, counts: { posts: count, photos: 0, comments: 0 }, kinds: ["heart"] },
});

test("loadOlder pages down, takes over what happened since, and withdrawn posts stay away", async () => {
  const { world, room, tell } = joined(feedView([post("p9", 9), post("p8", 8)], true, 5), "k:20");
  const handle = room.feature(feed);
  const more = handle.loadOlder();
  expect(world.socket.last("query")?.query.args).toEqual({ before: "8", limit: "20" });
  tell({
    pos: "k:23",
    updates: [
      { seq: 21, type: "feed.removed", at: 1, data: { post: "p5", reason: "deleted", counts: { posts: 4, photos: 0, comments: 0 } } },
      { seq: 22, type: "feed.edited", at: 1, data: { post: "p4", text: "edited", edited: 1 } },
      { seq: 23, type: "feed.posted", at: 1, data: { ...post("p23", 0), published: undefined, seq: undefined, counts: { posts: 5, photos: 0, comments: 0 } } },
    ],
  });
  world.socket.ok("query", { pos: "k:20", result: { posts: [post("p5", 5), post("p4", 4), post("p3", 3)], more: false, chosen: { p4: ["heart"] } } });
  expect(await more).toBe(false);
  const state = handle.getSnapshot();
  expect(state.posts.map((p) => p.text)).toEqual(["p23", "p9", "p8", "edited", "p3"]);
  expect(state.chosen).toEqual({ p4: ["heart"] });
  expect(state.more).toBe(false);
});

test("a page asked for before a new view is asked for again", async () => {
  const { world, room, tell } = joined(feedView([post("p9", 9)], true, 5), "k:20");
  const handle = room.feature(feed);
  const more = handle.loadOlder();
  tell({ pos: "k:40", view: feedView([post("p30", 30)], true, 6) });
  world.socket.ok("query", { pos: "k:20", result: { posts: [post("p5", 5)], more: false } });
  expect(world.socket.all("query")).toHaveLength(2);
  world.socket.ok("query", { pos: "k:40", result: { posts: [post("p5", 5)], more: false } });
  await more;
  expect(handle.getSnapshot().posts.map((p) => p.id)).toEqual(["p30"]); // p5 would leave a hole
});

test("comments load after the last known one, and new ones join the list", async () => {
  const { world, room, tell } = joined(feedView([post("p9", 9)], false, 1), "k:20");
  const handle = room.feature(feed);
  const loading = handle.loadComments("p9");
  const comment = (n: number) => ({ id: `c${n}`, post: "p9", by: { id: "m_2", name: "Bo" }, at: n, text: "hm", seq: n });
  world.socket.ok("query", { pos: "k:20", result: { comments: [comment(11), comment(12)], more: false } });
  expect(await loading).toBe(false);
  tell({ pos: "k:21", updates: [{ seq: 21, type: "feed.commented", at: 1, data: { ...comment(21), seq: undefined, comments: 3, counts: { posts: 1, photos: 0, comments: 3 } } }] });
  expect(handle.getSnapshot().comments["p9"]?.items.map((c) => c.seq)).toEqual([11, 12, 21]);
  expect(handle.getSnapshot().posts[0]).toMatchObject({ comments: 3, latest: [{ id: "c21" }] });
});

test("own posts, comments, reactions and refusals show as they should", () => {
  const { world, room, tell } = joined({ ...feedView([post("p9", 9, { reactions: { heart: 2 } })], false, 1) }, "k:20");
  const handle = room.feature(feed);
  void handle.send("feed.post", { text: "mine" });
  expect(handle.getSnapshot().posts[0]).toMatchObject({ text: "mine", delivery: "sent", by: { id: "m_1" } });
  world.socket.refuse("send", "forbidden");
  expect(handle.getSnapshot().posts[0]).toMatchObject({ text: "mine", delivery: "refused" });
  room.pending.getSnapshot()[0]!.discard();

  void handle.send("feed.react", { post: "p9", kind: "heart", on: true });
  void handle.send("feed.react", { post: "p9", kind: "heart", on: true });
  expect(handle.getSnapshot().posts[0]!.reactions).toEqual({ heart: 3 });
  tell({
    pos: "k:22",
    updates: [
      { seq: 21, type: "feed.chose", at: 1, by: "m_1", op: world.socket.all("send")[1]!.op, data: { post: "p9", kinds: ["heart"] } },
      { seq: 22, type: "feed.reacted", at: 1, data: { post: "p9", reactions: { heart: 4 } } },
    ],
  });
  expect(handle.getSnapshot().posts[0]!.reactions).toEqual({ heart: 4 });

  void handle.send("feed.comment", { post: "p9", text: "nice" });
  expect(handle.getSnapshot().posts[0]).toMatchObject({ comments: 1, latest: [{ text: "nice", delivery: "sent" }] });
  world.socket.refuse("send", "not_found");
  expect(handle.getSnapshot().posts[0]).toMatchObject({ comments: 0, latest: [] });
});

test("people and event show own changes at once", () => {
  const me = { id: "m_1", name: "Ana", role: "owner", joinedAt: 1, muted: 0, hidden: false, seq: 1 };
  const bo = { ...me, id: "m_2", name: "Bo", role: "guest", joinedAt: 2, seq: 2 };
  const { room, tell } = joined();
  tell({ pos: "k:2", view: { people: { count: 2, members: [me, bo] }, event: { name: "Party", features: { feed: true } } }, mine: { people: me } });
  const handle = room.feature(people);
  void handle.send("people.rename", { name: "Ana B." });
  void handle.send("people.ban", { member: "m_2", removeContent: false });
  expect(handle.getSnapshot()).toMatchObject({ count: 1, me: { name: "Ana B." }, members: [{ name: "Ana B." }] });
  void room.feature(event).send("event.set", { features: { people: true } });
  expect(room.feature(event).getSnapshot()).toMatchObject({ name: "Party", features: { feed: true, people: true } });
  expect(room.member.getSnapshot()).toBe("m_1");
});
