/** Against the real server: ROOMFUL_BIN, or bin/roomful of this repository. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { channel, createClient, event, feed, people, reactions } from "../src/index.js";
import type { Client, Readable, SocketConstructor } from "../src/index.js";

const binary = process.env["ROOMFUL_BIN"] ?? fileURLToPath(new URL("../../bin/roomful", import.meta.url));
const apiKey = "key-of-the-sdk-tests-0123456789";
const data = mkdtempSync(join(tmpdir(), "roomful-sdk-"));
const clients: Client[] = [];
let port = 0;
let server: ChildProcess;

const url = () => `http://127.0.0.1:${port}`;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => probe.once("listening", done));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return free;
}

async function start(): Promise<void> {
  server = spawn(binary, ["serve", "--addr", `127.0.0.1:${port}`, "--data", data, "--api-key", apiKey], { stdio: "ignore" });
  await until(async () => (await fetch(url()).catch(() => undefined)) !== undefined, "the server answers");
}

async function kill(signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((done) => server.once("exit", done));
  server.kill(signal);
  await gone;
}

async function until(fact: () => boolean | Promise<boolean>, what: string, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await fact())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Waits until a readable's value is as wanted; keeps it watched meanwhile. */
async function shows<T>(readable: Readable<T>, wanted: (value: T) => boolean, what: string): Promise<T> {
  const stop = readable.subscribe(() => {});
  await until(() => wanted(readable.getSnapshot()), what).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(readable.getSnapshot())}`);
  });
  stop();
  return readable.getSnapshot();
}

function client(token?: string): Client {
  const made = createClient({ url: url(), token, WebSocket: WebSocket as unknown as SocketConstructor, storage: null });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: go build -o bin/roomful ./cmd/roomful`);
  port = await freePort();
  await start();
}, 30_000);

afterEach(() => clients.splice(0).forEach((c) => c.close()));

afterAll(async () => {
  await kill("SIGKILL");
  rmSync(data, { recursive: true, force: true });
});

/** A host and a guest in a new event. */
async function party(preset = "house-party") {
  const host = client();
  const { room: id, code } = await host.createEvent({ name: "Ana & Tom", preset });
  const guest = client();
  await guest.joinEvent(code, { name: "Bo" });
  const rooms = { host: host.room(id), guest: guest.room(id) };
  rooms.host.retain();
  rooms.guest.retain();
  return { host, guest, id, code, rooms };
}

test("what one posts the other sees, with comments, reactions and removals", async () => {
  const { rooms } = await party();
  const [host, guest] = [rooms.host.feature(feed), rooms.guest.feature(feed)];
  const { post } = await host.send("feed.post", { text: "First!" });
  await shows(guest, (s) => s.posts[0]?.id === post && s.posts[0].text === "First!", "the guest sees the post");
  const { comment } = await guest.send("feed.comment", { post, text: "Hello" });
  await guest.send("feed.react", { post, kind: "heart", on: true });
  await shows(host, (s) => s.posts[0]?.reactions["heart"] === 1 && s.posts[0].latest[0]?.id === comment, "the host sees both");
  await shows(guest, (s) => s.chosen[post]?.[0] === "heart", "the guest's own choice");
  expect(await host.loadComments(post)).toBe(false);
  expect(host.getSnapshot().comments[post]?.items.map((c) => c.text)).toEqual(["Hello"]);
  await host.send("feed.delete", { post });
  await shows(guest, (s) => s.posts.length === 0 && s.counts.posts === 0, "it is gone");
  await shows(rooms.guest.pending, (p) => p.length === 0, "nothing of the guest's is pending");
  await shows(rooms.host.pending, (p) => p.length === 0, "nothing of the host's is pending");
}, 30_000);

test("older posts load page by page", async () => {
  const { rooms, id } = await party();
  const host = rooms.host.feature(feed);
  await Promise.all(Array.from({ length: 45 }, (_, i) => host.send("feed.post", { text: `Post ${i}` })));
  const late = client().room(id);
  const joined = client();
  await joined.joinEvent(id.split("/")[1]!, { name: "Cy" });
  const fresh = joined.room(id).feature(feed);
  await shows(fresh, (s) => s.counts.posts === 45, "the view");
  expect(fresh.getSnapshot().posts).toHaveLength(20);
  expect(await fresh.loadOlder()).toBe(true);
  expect(await fresh.loadOlder()).toBe(false);
  expect(fresh.getSnapshot().posts.map((p) => p.text)).toEqual(Array.from({ length: 45 }, (_, i) => `Post ${44 - i}`));
  const trouble = await shows(late.error, (e) => e !== undefined, "strangers stay out");
  expect(trouble?.reason).toBe("needs_auth");
}, 30_000);

test("people, presence, roles and settings", async () => {
  const { rooms } = await party();
  const seen = await shows(rooms.host.feature(people), (s) => s.count === 2 && s.me?.role === "owner", "both are listed");
  const bo = seen.members.find((m) => m.name === "Bo")!;
  await shows(rooms.guest.member, (m) => m === bo.id, "the guest knows its own id");
  await shows(rooms.host.signals, (s) => `people.presence/${bo.id}` in s, "the guest is online");
  await rooms.host.feature(people).send("people.role", { member: bo.id, role: "moderator" });
  await shows(rooms.guest.feature(people), (s) => s.me?.role === "moderator", "the guest is moderator");
  await shows(rooms.guest.feature(feed), (s) => s.staff, "and sees what staff sees");
  await rooms.host.feature(event).send("event.set", { name: "New name", moderation: "pre" });
  await shows(rooms.guest.feature(event), (s) => s.name === "New name" && s.moderation === "pre", "the new name");
  await rooms.host.feature(people).send("people.ban", { member: bo.id, removeContent: true });
  await shows(rooms.guest.error, (e) => e?.reason === "banned", "the guest is out");
}, 30_000);

test("a refusal comes with its reason and rolls back", async () => {
  const { rooms } = await party();
  const guest = rooms.guest.feature(event);
  await shows(guest, (s) => s.name !== "", "the view");
  const refused = guest.send("event.set", { name: "Mine now" });
  expect(guest.getSnapshot().name).toBe("Mine now");
  await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  expect(guest.getSnapshot().name).toBe("Ana & Tom");
  expect(rooms.guest.pending.getSnapshot()).toMatchObject([{ delivery: "refused" }]);
}, 30_000);

test("updates that a guest may not see keep nothing of theirs waiting", async () => {
  const { rooms, code, id } = await party();
  const other = client();
  await other.joinEvent(code, { name: "Cy" });
  const quiet = other.room(id).feature(feed);
  await rooms.host.feature(event).send("event.set", { moderation: "pre" });
  await shows(other.room(id).feature(event), (s) => s.moderation === "pre", "the new mode");
  const { state, post } = await rooms.guest.feature(feed).send("feed.post", { text: "May I?" });
  expect(state).toBe("pending");
  await shows(rooms.guest.feature(feed), (s) => s.own[0]?.id === post, "its author sees it");
  await shows(rooms.host.feature(feed), (s) => s.review[0]?.id === post, "staff sees it");
  await other.room(id).feature(people).send("people.hide", { on: false }); // changes nothing
  expect(await quiet.loadOlder()).toBe(false);
  await shows(other.room(id).pending, (p) => p.length === 0, "nothing is pending");
  await rooms.host.feature(feed).send("feed.approve", { post });
  await shows(quiet, (s) => s.posts[0]?.id === post, "all see it");
}, 30_000);

test("taps of anonymous visitors add up in a talk", async () => {
  const [a, b] = [client().room("talk/sdk").feature(reactions), client().room("talk/sdk").feature(reactions)];
  const stops = [a.subscribe(() => {}), b.subscribe(() => {})];
  await shows(a, (s) => s.kinds.includes("heart"), "the view");
  await Promise.all([a.send("reactions.tap", { kind: "heart", n: 3 }), b.send("reactions.tap", { kind: "heart", n: 4 })]);
  await shows(a, (s) => s.counts["heart"] === 7, "the sum at one");
  await shows(b, (s) => s.counts["heart"] === 7, "the sum at the other");
  stops.forEach((stop) => stop());
}, 30_000);

test("a service publishes to a channel with its key", async () => {
  const reader = client().room("channel/prices").feature(channel);
  const stop = reader.subscribe(() => {});
  await client(apiKey).room("channel/prices").feature(channel).send("channel.publish", { price: 12 });
  const { recent } = await shows(reader, (s) => s.recent.length === 1, "the message");
  expect(recent[0]!.data).toEqual({ price: 12 });
  stop();
}, 30_000);

test("kill -9 in mid-flight: nothing acknowledged is lost, nothing is doubled", async () => {
  const { rooms } = await party();
  const [host, guest] = [rooms.host.feature(feed), rooms.guest.feature(feed)];
  await shows(host, (s) => s.kinds.length > 0, "the view");
  const texts: string[] = [];
  const done: Promise<unknown>[] = [];
  const say = (from: typeof host, text: string) => {
    texts.push(text);
    done.push(from.send("feed.post", { text }));
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6; i++) {
      say(host, `host ${round}.${i}`);
      say(guest, `guest ${round}.${i}`);
      await new Promise((later) => setTimeout(later, 3));
    }
    await kill("SIGKILL");
    say(host, `host ${round} while down`);
    say(guest, `guest ${round} while down`);
    await start();
  }
  await Promise.all(done);
  for (const side of [rooms.host, rooms.guest]) await shows(side.pending, (p) => p.length === 0, "all is confirmed");
  for (const side of [host, guest]) {
    await shows(side, (s) => s.counts.posts === texts.length, "the count is right");
    while (side.getSnapshot().more) await side.loadOlder({ limit: 50 });
    expect(side.getSnapshot().posts.map((p) => p.text).sort()).toEqual([...texts].sort());
  }
}, 90_000);

test("a planned restart is a pause, and the place is kept", async () => {
  const { rooms, guest } = await party();
  const seen = rooms.guest.feature(feed);
  await shows(seen, (s) => s.kinds.length > 0, "the view");
  const stop = new Promise<void>((done) => void kill("SIGTERM").then(done));
  await until(() => guest.status.getSnapshot() !== "live", "the pause shows", 40_000);
  await stop;
  await start();
  guest.reconnect();
  await rooms.host.feature(feed).send("feed.post", { text: "Still here" });
  await shows(seen, (s) => s.posts[0]?.text === "Still here", "the post");
}, 90_000);
