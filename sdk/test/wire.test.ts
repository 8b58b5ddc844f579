/** The golden frames of the protocol, which the Go tests write and read: both ends speak the same. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { people, reactions } from "../src/index.js";
import { decode, positionOf } from "../src/wire.js";
import { World } from "./world.js";
import type { Frame } from "./world.js";

interface Golden {
  readonly name: string;
  readonly frame: Frame;
}

const read = (who: string): Golden[] =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../wire/testdata/${who}.json`, import.meta.url)), "utf8")) as Golden[];

const room = "event/ab12cd34";
const server = new Map(read("server").map(({ name, frame }) => [name, frame]));
const golden = (name: string): Frame => {
  const frame = server.get(name);
  if (!frame) throw new Error(`there is no golden frame "${name}"`);
  return frame;
};

test("every frame of the server is read as what it is", () => {
  expect(server.size).toBeGreaterThan(15);
  for (const [name, frame] of server) {
    expect(decode(JSON.stringify(frame)), name).toEqual([frame]);
    expect(decode(JSON.stringify([frame, frame])), name).toEqual([frame, frame]);
    if ("pos" in frame) expect(positionOf(frame["pos"] as string), name).toMatchObject({ epoch: "k3", seq: 44 });
  }
});

/** The verbs and their fields, as the golden frames of the client have them. */
const fields = new Map<string, Set<string>>();
for (const { name, frame } of read("client")) {
  if (name.includes("future")) continue;
  for (const [verb, body] of Object.entries(frame)) {
    if (verb === "id") continue;
    const known = fields.get(verb) ?? new Set<string>();
    for (const field of Object.keys(body as object)) known.add(field);
    fields.set(verb, known);
  }
}

function evening() {
  const world = new World();
  const client = world.client({ token: "tok" });
  const handle = client.room(room, { only: ["people", "reactions"] });
  const who = handle.feature(people);
  const taps = handle.feature(reactions);
  const retained = handle.retain();
  world.socket.open();
  world.socket.tell({ ...golden("hello"), id: world.socket.last("hello")?.["id"] });
  world.socket.tell({ ...golden("joined, a view follows"), id: world.socket.last("join")?.["id"] });
  world.socket.tell({ ...golden("view"), pos: "k3:41.g" });
  return { world, client, handle, who, taps, retained };
}

describe("a client that is told the golden frames", () => {
  test("knows who is here, and forgets who is gone", () => {
    const { handle, world } = evening();
    expect(handle.signals.getSnapshot()).toEqual({ "people.presence/m_7": { state: "idle" } });
    world.socket.tell(golden("updates"));
    expect(handle.signals.getSnapshot()).toEqual({ "people.presence/m_7": { state: "idle" } });
  });

  test("folds their updates and comes back with their position", () => {
    const { world, taps } = evening();
    world.socket.tell(golden("updates"));
    expect(taps.getSnapshot().counts).toEqual({ heart: 4712 });
    world.socket.drop();
    world.pass(500);
    world.socket.open();
    world.socket.ok("hello", { member: "m_7" });
    expect(world.socket.last("join")?.["join"]).toMatchObject({ room, since: "k3:44.g" });
  });

  test("says only what the golden frames say", () => {
    const { world, handle, taps } = evening();
    void taps.send("reactions.tap", { kind: "heart", n: 1 });
    handle.query("people.page", { limit: 20 }).catch(() => undefined);
    world.pass(1000);
    const said = new Set<string>();
    for (const frame of world.socket.sent) {
      for (const [verb, body] of Object.entries(frame)) {
        if (verb === "id") continue;
        said.add(verb);
        for (const field of Object.keys(body as object)) expect(fields.get(verb), `${verb}.${field}`).toContain(field);
      }
    }
    expect([...said].sort()).toEqual(["hello", "join", "query", "send"]);
  });

  test("stops reading a room that says bye", () => {
    const { world, handle } = evening();
    world.socket.tell(golden("bye to a room"));
    expect(handle.error.getSnapshot()).toMatchObject({ reason: "banned" });
  });

  test("comes back when the server drains, not before its slot", () => {
    const { world } = evening();
    const before = world.sockets.length;
    world.socket.tell(golden("bye"));
    world.socket.drop(1012);
    world.pass(4000);
    expect(world.sockets.length).toBe(before);
    world.pass(60_000);
    expect(world.sockets.length).toBeGreaterThan(before);
  });
});
