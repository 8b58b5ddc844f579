// @vitest-environment jsdom
import { act, StrictMode, useState } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { feed, people, reactions } from "../src/index.js";
import {
  ClientProvider,
  useCommand,
  useConnectionStatus,
  useCount,
  useFeature,
  usePending,
  usePresence,
  useRoom,
  useServerTime,
} from "../src/react/index.js";
import { World } from "./world.js";
import type { Frame } from "./world.js";

const id = "event/ab12cd34";
const view = { reactions: { counts: { heart: 1 }, kinds: ["heart", "clap"] }, people: { count: 1, members: [] } };

beforeEach(() => {
  (globalThis as Record<string, unknown>)["IS_REACT_ACT_ENVIRONMENT"] = true;
});

afterEach(() => vi.useRealTimers());

function mount(ui: ReactNode) {
  const world = new World();
  const client = world.client();
  const place = document.createElement("div");
  const root = createRoot(place);
  const render = (node: ReactNode) => act(() => root.render(<ClientProvider client={client}>{node}</ClientProvider>));
  const tell = (frame: Frame) => act(() => world.socket.tell({ room: id, ...frame }));
  render(ui);
  const link = () =>
    act(() => {
      world.socket.open();
      world.socket.ok("hello", { member: "m_1", time: 7_000 });
      world.socket.ok("join", { resumed: false });
      world.socket.tell({ room: id, pos: "k:1", view, mine: {} });
    });
  return { world, client, place, render, tell, link, unmount: () => act(() => root.unmount()) };
}

test("a mounted room is joined once, under StrictMode and with inline options, and left after unmounting", () => {
  let renders = 0;
  function Screen() {
    renders++;
    const room = useRoom(id, { only: ["reactions", "people"] });
    const { counts } = useFeature(room, reactions);
    return <p>{counts["heart"] ?? "-"}</p>;
  }
  const { world, place, render, tell, link, unmount } = mount(<StrictMode><Screen /></StrictMode>);
  expect(place.textContent).toBe("-");
  link();
  expect(place.textContent).toBe("1");
  for (let i = 0; i < 5; i++) render(<StrictMode><Screen /></StrictMode>);
  tell({ pos: "k:2", updates: [{ seq: 2, type: "reactions.counted", at: 1, data: { counts: { heart: 9 } } }] });
  expect(place.textContent).toBe("9");
  expect(world.sockets).toHaveLength(1);
  expect(world.socket.all("join")).toHaveLength(1);
  expect(renders).toBeGreaterThan(5);
  unmount();
  world.pass(1_000);
  expect(world.live).toHaveLength(0);
  expect(world.timers).toBe(0);
});

test("from one screen to the next the room stays joined", () => {
  const First = () => <p>{useFeature(useRoom(id), reactions).counts["heart"]}</p>;
  const Second = () => <i>{useFeature(useRoom(id), people).count}</i>;
  const { world, place, render, link } = mount(<First />);
  link();
  render(<Second key="2" />);
  world.pass(5_000);
  expect(place.innerHTML).toBe("<i>1</i>");
  expect(world.sockets).toHaveLength(1);
  expect(world.socket.all("join")).toHaveLength(1);
});

test("a selection renders only when it changes", () => {
  let renders = 0;
  function Hearts() {
    renders++;
    return <p>{useFeature(useRoom(id), reactions, (s) => s.counts["heart"] ?? 0)}</p>;
  }
  const { tell, link, place } = mount(<Hearts />);
  link();
  const before = renders;
  tell({ pos: "k:2", updates: [{ seq: 2, type: "reactions.counted", at: 1, data: { counts: { heart: 1, clap: 5 } } }] });
  expect(renders).toBe(before);
  tell({ pos: "k:3", updates: [{ seq: 3, type: "reactions.counted", at: 1, data: { counts: { heart: 2, clap: 5 } } }] });
  expect(place.textContent).toBe("2");
});

test("a selection that makes a new object each time does not loop", () => {
  const Kinds = () => <p>{useFeature(useRoom(id), reactions, (s) => s.kinds.map((k) => k.toUpperCase())).join()}</p>;
  const { link, place } = mount(<Kinds />);
  link();
  expect(place.textContent).toBe("HEART,CLAP");
});

test("commands show at once; send is the same function each time; what is pending is listed", () => {
  const sends = new Set<unknown>();
  function Taps() {
    const [, again] = useState(0);
    const room = useRoom(id);
    const send = useCommand(room, reactions);
    const { counts } = useFeature(room, reactions);
    const pending = usePending(room);
    sends.add(send);
    const tap = () => {
      again((n) => n + 1);
      void send("reactions.tap", { kind: "heart", n: 2 });
    };
    return <button onClick={tap}>{`${counts["heart"]} ${pending.map((p) => p.delivery).join()}`}</button>;
  }
  const { world, place, link, tell } = mount(<Taps />);
  link();
  act(() => place.querySelector("button")!.click());
  expect(place.textContent).toBe("3 sent");
  act(() => world.socket.ok("send", { seq: 2, reply: { accepted: 2 } }));
  tell({ pos: "k:2", updates: [{ seq: 2, type: "reactions.counted", at: 1, data: { counts: { heart: 3 } } }] });
  expect(place.textContent).toBe("3 ");
  expect(sends.size).toBe(1);
});

test("presence, count and status", () => {
  const Who = () => {
    const room = useRoom(id);
    return <p>{JSON.stringify([usePresence(room), useCount(room), useConnectionStatus()])}</p>;
  };
  const { place, tell, link } = mount(<Who />);
  expect(place.textContent).toBe('[{},null,"connecting"]');
  link();
  tell({ pos: "k:1", updates: [], signals: { "people.presence/m_1": { state: "idle" }, "people.online": { count: 3 } } });
  expect(place.textContent).toBe('[{"m_1":"idle"},3,"live"]');
});

test("the server's time ticks, and its timer goes with the component", () => {
  vi.useFakeTimers();
  const Clock = () => <p>{useServerTime(500)}</p>;
  const { world, client, place, unmount } = mount(<Clock />);
  world.now += 500;
  act(() => vi.advanceTimersByTime(500));
  expect(place.textContent).toBe(String(client.serverTime()));
  unmount();
  expect(vi.getTimerCount()).toBe(0);
});

test("without a provider the error says so", () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  const Lost = () => <p>{useFeature(useRoom(id), feed).posts.length}</p>;
  const root = createRoot(document.createElement("div"));
  expect(() => act(() => root.render(<Lost />))).toThrow("ClientProvider");
  silent.mockRestore();
});
