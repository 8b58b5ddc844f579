/**
 * Whatever the network does, the state is the fold of the log. A small model
 * of a room answers two clients; frames, replies and drops come in random
 * orders; at the end both clients show exactly the log, and each command is
 * in it exactly once. Set SEED to repeat a failing run.
 */
import { expect, test } from "vitest";
import type { Client, Feature, RoomHandle, Update } from "../src/index.js";
import { FakeSocket, World } from "./world.js";
import type { Frame } from "./world.js";

const id = "talk/model";

/** Two kinds of state: a list that shows order and repeats, and a register that updates may be conflated in. */
interface Words {
  readonly said: readonly string[];
  readonly mood: string;
}

const words: Feature<Words> = {
  name: "words",
  initial: { said: [], mood: "" },
  open: (view) => (view ?? { said: [], mood: "" }) as Words,
  fold(state, { type, data }) {
    if (type === "words.said") return { ...state, said: [...state.said, data as string] };
    if (type === "words.mooded") return { ...state, mood: data as string };
    return state;
  },
  optimistic: (state, { type, data }) => (type === "words.say" ? { ...state, said: [...state.said, data as string] } : state),
};

type Random = () => number;

/** mulberry32: small, seeded, good enough to shuffle with. */
function seeded(seed: number): Random {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The room: a log, the ops it knows, and a place in the log for each connection. */
class Model {
  readonly log: Update[] = [];
  /** Every state there was. */
  readonly moments = new Set([JSON.stringify(words.initial)]);
  #state = words.initial;
  epoch = "k1";
  readonly #replies = new Map<string, { seq: number }>();
  readonly #highest = new Map<string, number>();
  readonly conns = new Map<FakeSocket, Conn>();

  constructor(readonly random: Random) {}

  accept(socket: FakeSocket): void {
    const conn = new Conn(this, socket);
    this.conns.set(socket, conn);
    socket.serve = (frame) => conn.arriving.push(frame);
  }

  handle(conn: Conn, frame: Frame): void {
    if (frame.hello) conn.reply({ id: frame.id, ok: { member: conn.member, time: 1 } });
    else if (frame.join) this.#join(conn, frame);
    else if (frame.send) this.#send(conn, frame);
    else if (frame.leave) conn.at = undefined;
    else conn.reply({});
  }

  state(): Words {
    return this.#state;
  }

  #join(conn: Conn, { id: requestId, join }: Frame): void {
    const [epoch, seq] = String(join.since ?? "").split(":");
    const resumed = epoch === this.epoch && Number(seq) <= this.log.length && this.random() < 0.7;
    conn.reply({ id: requestId, ok: { resumed } });
    conn.at = resumed ? Number(seq) : this.log.length;
    conn.owes = false;
    if (resumed) conn.reply({ room: id, signals: {}, ...conn.read(this.log.length) });
    else conn.reply({ room: id, pos: `${this.epoch}:${this.log.length}`, view: { words: this.state() }, mine: {}, signals: {} });
  }

  #send(conn: Conn, { id: requestId, send }: Frame): void {
    const [client, text] = send.op.split(":");
    const n = Number(text);
    const known = this.#replies.get(send.op);
    if (known) return conn.reply({ id: requestId, ok: known });
    if (n < (this.#highest.get(client) ?? 0)) return conn.reply({ id: requestId, error: { code: "stale" } });
    const dice = this.random();
    if (dice < 0.1) return conn.reply({ id: requestId, error: { code: "busy", retryAfterMs: 300 } });
    if (dice < 0.15) return conn.reply({ id: requestId, error: { code: "forbidden", message: "No." } });
    const type = send.type === "words.say" ? "words.said" : "words.mooded";
    const update = { seq: this.log.length + 1, type, at: 1, data: send.data, ...(this.random() < 0.8 && { op: send.op }) };
    this.log.push(update);
    this.#state = words.fold(this.#state, update, { member: undefined });
    this.moments.add(JSON.stringify(this.#state));
    this.#replies.set(send.op, { seq: this.log.length });
    this.#highest.set(client, n);
    conn.reply({ id: requestId, ok: { seq: this.log.length } });
  }
}

class Conn {
  readonly arriving: Frame[] = []; // on the way to the server
  #replies: Frame[] = []; // on the way to the client
  at: number | undefined; // the cursor, when joined
  owes = false; // a replaced value, whose newer one was not read yet
  readonly member = "m_1";

  constructor(
    readonly model: Model,
    readonly socket: FakeSocket,
  ) {}

  reply(frame: Frame): void {
    this.#replies.push(frame);
  }

  /** Lets one thing happen on the wire. */
  step(): void {
    const { random } = this.model;
    if (random() < 0.5 && this.arriving.length > 0) return this.model.handle(this, this.arriving.shift()!);
    if (random() < 0.6) return this.#deliver();
    this.#push();
  }

  /** A reply may be overtaken by pushes, never by another reply. */
  #deliver(): void {
    const next = this.#replies.shift();
    if (next) this.socket.tell(next);
  }

  /** Reads on from the cursor: some updates, without those that a newer one replaces. */
  #push(): void {
    const { log, random } = this.model;
    if (this.at === undefined || this.#replies.some((f) => f.room)) return;
    this.socket.tell({ room: id, ...this.read(Math.min(log.length, this.at + Math.floor(random() * 5))) });
  }

  read(to: number): Frame {
    const { log, epoch } = this.model;
    const replaced = (u: Update) => u.type === "words.mooded" && log.slice(u.seq).some((v) => v.type === u.type);
    const some = log.slice(this.at, to);
    for (const u of some) if (u.type === "words.mooded") this.owes = replaced(u);
    this.at = to;
    return { pos: `${epoch}:${to}`, updates: some.filter((u) => !replaced(u)), ...(this.owes && { more: true }) };
  }

  drain(): void {
    while (this.arriving.length > 0) this.model.handle(this, this.arriving.shift()!);
    while (this.#replies.length > 0) this.#deliver();
    while (this.at !== undefined && this.at < this.model.log.length) this.#push();
  }
}

function run(seed: number): void {
  const random = seeded(seed);
  const model = new Model(random);
  const world = new World();
  world.random = random;
  world.onsocket = (socket) => model.accept(socket);
  const clients: Client[] = [world.client({ storage: null }), world.client({ storage: null })];
  const rooms: RoomHandle[] = clients.map((c) => c.room(id));
  const said: string[] = [];
  const halves: unknown[] = []; // shown, and true at no moment
  for (const room of rooms) {
    const handle = room.feature(words);
    handle.subscribe(() => {
      const { said, mood } = handle.getSnapshot();
      if (room.pending.getSnapshot().length === 0 && !model.moments.has(JSON.stringify({ said, mood }))) halves.push(said);
    });
  }

  for (let i = 0; i < 400; i++) {
    const room = rooms[Math.floor(random() * 2)]!;
    const socket = world.live[Math.floor(random() * world.live.length)];
    const dice = random();
    if (dice < 0.12) {
      const word = `w${said.length}`;
      said.push(word);
      void room.feature(words).send("words.say", word);
    } else if (dice < 0.2) void room.feature(words).send("words.mood", `m${i}`);
    else if (dice < 0.23) socket?.drop();
    else if (dice < 0.24) socket?.tell({ bye: { code: "drain", retryAfterMs: 200 } });
    else if (dice < 0.25) rooms[0]!.pending.getSnapshot().find((p) => p.delivery === "refused")?.retry();
    else if (dice < 0.35) world.pass(Math.floor(random() * 400));
    else if (socket) (socket.onopen && random() < 0.2 && !opened.has(socket) ? open : step)(model, socket);
  }
  settle(world, model);

  expect(halves).toEqual([]);
  const refused = rooms.flatMap((r) => r.pending.getSnapshot());
  expect(refused.every((p) => p.delivery === "refused" && p.error?.code === "forbidden")).toBe(true);
  for (const room of rooms) expect(room.feature(words).getSnapshot()).toEqual(model.state());
  const rejected = new Set(refused.map((p) => p.data));
  expect([...model.state().said].sort()).toEqual(said.filter((w) => !rejected.has(w)).sort());
  clients.forEach((c) => c.close());
  expect(world.timers).toBe(0);
}

const opened = new WeakSet<FakeSocket>();

function open(_: Model, socket: FakeSocket): void {
  opened.add(socket);
  socket.open();
}

function step(model: Model, socket: FakeSocket): void {
  if (opened.has(socket)) model.conns.get(socket)!.step();
}

/** A calm network, until nothing is left to say. */
function settle(world: World, model: Model): void {
  for (let i = 0; i < 100; i++) {
    for (const socket of world.live) {
      if (!opened.has(socket)) open(model, socket);
      model.conns.get(socket)!.drain();
    }
    world.pass(500);
  }
}

const runs = 80;
const fixed = process.env["SEED"];

test(`the state is the fold of the log in ${runs} random runs`, () => {
  const seeds = fixed ? [Number(fixed)] : Array.from({ length: runs }, (_, i) => i + 1);
  for (const seed of seeds) {
    try {
      run(seed);
    } catch (error) {
      throw new Error(`SEED=${seed} npx vitest run interleaving\n${String(error)}`, { cause: error });
    }
  }
}, 60_000);
