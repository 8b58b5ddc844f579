import { expect, test } from "vitest";
import { feed } from "../src/index.js";
import { backoffMs } from "../src/backoff.js";
import { World } from "./world.js";

const room = "event/ab12cd34";

/** A world whose client is linked and in one room. */
function linked(): { world: World; client: ReturnType<World["client"]> } {
  const world = new World();
  const client = world.client();
  client.room(room).retain();
  world.socket.open();
  world.socket.ok("hello", { member: "m_1", time: 9_000_000, pingMs: 25_000 });
  return { world, client };
}

test("nothing is opened until a room is watched", () => {
  const world = new World();
  const client = world.client();
  const handle = client.room(room);
  handle.feature(feed);
  expect(world.sockets).toHaveLength(0);
  expect(client.status.getSnapshot()).toBe("connecting");
  handle.retain();
  expect(world.socket.url).toBe("ws://test/v1/live");
  expect(world.socket.protocols).toEqual(["roomful.v1.json"]);
});

test("hello and join go out together, commands after hello's answer", () => {
  const { world, client } = linked();
  expect(world.socket.sent.map((f) => Object.keys(f)[1])).toEqual(["hello", "join"]);
  expect(client.status.getSnapshot()).toBe("live");
});

test("a blip shorter than 2 s is not shown, a longer break has its names", () => {
  const { world, client } = linked();
  world.random = () => 0.999;
  world.socket.drop();
  expect(client.status.getSnapshot()).toBe("live");
  world.pass(1_990);
  expect(client.status.getSnapshot()).toBe("live");
  world.pass(20);
  expect(client.status.getSnapshot()).toBe("reconnecting");
  world.pass(13_000);
  expect(client.status.getSnapshot()).toBe("offline");
});

test("the backoff is full jitter between 0 and min(30 s, 0.5 s * 2^n)", () => {
  expect(backoffMs(0, () => 0)).toBe(0);
  expect([0, 1, 2, 5, 6, 50].map((n) => backoffMs(n, () => 1))).toEqual([500, 1000, 2000, 16000, 30000, 30000]);
});

test("it never gives up: after an hour of refusals it comes back", () => {
  const { world, client } = linked();
  for (let i = 0; i < 500; i++) {
    world.live.forEach((s) => s.drop());
    world.pass(8_000);
  }
  expect(client.status.getSnapshot()).toBe("offline");
  world.pass(30_000);
  expect(world.live).toHaveLength(1);
  world.socket.open();
  world.socket.ok("hello", {});
  expect(client.status.getSnapshot()).toBe("live");
});

test("a link that holds only moments does not make the backoff start anew", () => {
  const { world } = linked();
  world.random = () => 1;
  const waits: number[] = [];
  for (let i = 0; i < 5; i++) {
    const sockets = world.sockets.length;
    world.socket.drop();
    const from = world.now;
    while (world.sockets.length === sockets) world.pass(50);
    waits.push(world.now - from);
    world.socket.open();
    world.socket.ok("hello", {});
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
});

test("online, visible and pageshow connect at once", () => {
  const { world } = linked();
  world.random = () => 0.9;
  for (let i = 0; i < 6; i++) {
    world.live.forEach((s) => s.drop());
    world.pass(10_000);
  }
  world.live.forEach((s) => s.drop());
  const before = world.sockets.length;
  world.page("shown");
  world.pass(0);
  expect(world.sockets).toHaveLength(before + 1);
});

test("bye is obeyed: no attempt before retryAfterMs, also when the page wakes", () => {
  const { world, client } = linked();
  world.socket.tell({ bye: { code: "drain", retryAfterMs: 4_200 } });
  world.page("online");
  world.pass(4_100);
  expect(world.sockets).toHaveLength(1);
  expect(client.status.getSnapshot()).toBe("reconnecting");
  world.pass(100);
  expect(world.sockets).toHaveLength(2);
});

test.each([
  ["unauthenticated", "needs_auth"],
  ["banned", "stopped"],
  ["gone", "stopped"],
  ["invalid", "update_needed"],
])("bye %s means %s, and no more attempts", (code, status) => {
  const { world, client } = linked();
  world.socket.tell({ bye: { code } });
  world.pass(600_000);
  world.page("online");
  world.pass(600_000);
  expect(world.sockets).toHaveLength(1);
  expect(client.status.getSnapshot()).toBe(status);
});

test.each([
  [4401, "needs_auth"],
  [4403, "stopped"],
  [4405, "stopped"],
  [4400, "update_needed"],
])("close code %i means %s", (code, status) => {
  const { world, client } = linked();
  world.socket.drop(code);
  world.pass(600_000);
  expect(world.sockets).toHaveLength(1);
  expect(client.status.getSnapshot()).toBe(status);
});

test("authenticate is the way out of needs_auth", () => {
  const { world, client } = linked();
  world.socket.drop(4401);
  world.pass(60_000);
  client.authenticate("new");
  expect(client.status.getSnapshot()).toBe("connecting");
  world.socket.open();
  expect(world.socket.last("hello")?.hello.token).toBe("new");
  world.socket.ok("hello", {});
  expect(client.status.getSnapshot()).toBe("live");
});

test("trouble on the server is told, with its words", () => {
  const { world, client } = linked();
  world.random = () => 1;
  world.socket.drop(1013, "We are full.");
  world.pass(2_500);
  expect(client.status.getSnapshot()).toBe("server_trouble");
  expect(client.trouble.getSnapshot()).toBe("We are full.");
});

test("failed handshakes ask over HTTP whether the server is in trouble", async () => {
  const world = new World();
  world.respond = () => Promise.resolve(new Response("{}", { status: 503 }));
  const client = world.client();
  client.room(room).retain();
  world.socket.drop();
  world.pass(500);
  world.random = () => 1;
  world.socket.drop();
  await Promise.resolve();
  await Promise.resolve();
  world.pass(1_900);
  expect(client.status.getSnapshot()).toBe("server_trouble");
  client.close();
});

test("a silent link is pinged, and dead after 45 s", () => {
  const { world } = linked();
  world.pass(25_000);
  expect(world.socket.sent.at(-1)).toEqual({});
  world.socket.tell({});
  world.pass(44_000);
  expect(world.sockets).toHaveLength(1);
  world.pass(2_000);
  expect(world.sockets[0]!.closed).toBe(true);
});

test("back from the background a link has 3 s to prove itself", () => {
  const { world } = linked();
  world.pass(1_000);
  world.page("shown");
  expect(world.socket.sent.at(-1)).toEqual({});
  world.pass(2_900);
  world.socket.tell({});
  world.pass(5_000);
  expect(world.live).toHaveLength(1);
  world.page("shown");
  world.pass(3_100);
  expect(world.sockets[0]!.closed).toBe(true);
});

test("a device that slept probes before it calls the link dead", () => {
  const { world } = linked();
  world.sleep(300_000);
  world.pass(0);
  expect(world.sockets[0]!.closed).toBe(false);
  expect(world.socket.sent.at(-1)).toEqual({});
  world.socket.tell({});
  world.pass(10_000);
  expect(world.live).toHaveLength(1);
});

test("round trips over a second are slow", () => {
  const world = new World();
  const client = world.client();
  client.room(room).retain();
  world.socket.open();
  world.pass(1_500);
  world.socket.ok("hello", {});
  expect(client.status.getSnapshot()).toBe("slow");
  for (let i = 0; i < 2; i++) {
    world.pass(25_000);
    world.socket.tell({});
  }
  expect(client.status.getSnapshot()).toBe("live");
});

test("the server's clock counts, half a round trip on, and a jump starts anew", () => {
  const world = new World();
  const client = world.client();
  client.room(room).retain();
  world.socket.open();
  world.pass(200);
  world.socket.ok("hello", { time: 50_000_000 });
  expect(client.serverTime()).toBe(50_000_100);
  world.pass(1_000);
  expect(client.serverTime()).toBe(50_001_100);
  client.reconnect();
  world.socket.open();
  world.pass(800);
  world.socket.ok("hello", { time: 90_000_000 });
  expect(client.serverTime()).toBe(90_000_400);
});

test("a handshake that hangs is given up after 10 s", () => {
  const world = new World();
  world.client().room(room).retain();
  world.pass(10_300);
  expect(world.sockets).toHaveLength(2);
});

test("arrays of frames, unknown frames and garbage are read or passed over", () => {
  const { world, client } = linked();
  world.socket.onmessage!({ data: "not json" });
  world.socket.onmessage!({ data: '[{"what":1},null,[],7]' });
  world.socket.tell({ id: 999, ok: {} }, { room: "talk/unknown", pos: "a:1", updates: [] });
  expect(client.status.getSnapshot()).toBe("live");
});

test("after the last watcher the room is left in a second, and nothing stays open", () => {
  const world = new World();
  const client = world.client();
  const stop = client.room(room).feature(feed).subscribe(() => {});
  world.socket.open();
  world.socket.ok("hello", {});
  world.socket.ok("join", { resumed: false });
  stop();
  const again = client.room(room).retain();
  world.pass(2_000);
  expect(world.live).toHaveLength(1);
  again();
  world.pass(1_000);
  expect(world.socket.all("leave")).toEqual([{ room }]);
  expect(world.live).toHaveLength(0);
  expect(world.timers).toBe(0);
});

test("close leaves no socket, timer or listener", () => {
  const { world, client } = linked();
  client.close();
  expect(world.live).toHaveLength(0);
  expect(world.timers).toBe(0);
  expect(world.listeners.size).toBe(0);
  expect(client.status.getSnapshot()).toBe("stopped");
  world.pass(100_000);
  expect(world.sockets).toHaveLength(1);
});
