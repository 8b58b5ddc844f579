/** Every screen and state: no accessibility violation, nothing wider than the screen; and pictures of them in e2e/screens/. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { mkdirSync, writeFileSync } from "node:fs";
import UPNG from "upng-js";
import { card, choose, closeSheet, create, expect, join, post, settled, test } from "./people.js";
import type { Phone } from "./people.js";
import { paint } from "./pictures.js";
import type { Server } from "./server.js";

const folder = "e2e/screens";
const readme = "../docs/screens/event.png";
const sizes = { small: { width: 320, height: 640 }, phone: { width: 360, height: 740 }, tablet: { width: 768, height: 1024 }, desktop: { width: 1280, height: 800 } };

test.describe.configure({ timeout: 900_000 });
mkdirSync(folder, { recursive: true });
mkdirSync("../docs/screens", { recursive: true });

/** Pictures are taken when they are asked for (make screens): drawing them takes longer than the checks. */
const camera = process.env["SCREENS"] === "1";

/** Looks at the page as axe and, if asked to, as a camera does. */
async function look(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(350); // sheets and bulbs have come to rest
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const told = violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => `${n.target} ${n.failureSummary?.slice(0, 200)}`).join("\n  ")}`);
  expect.soft(told, `${name}: accessibility`).toEqual([]);
  await fits(page, name);
}

async function fits(page: Page, name: string): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(wider, `${name}: wider than the screen`).toBeLessThanOrEqual(0);
  if (camera) await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
}

async function everySize(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport);
    await page.evaluate(() => scrollTo(0, 0));
    // axe reads the page, not its picture: the narrow and the wide layout are all there is to read.
    await (size === "phone" || size === "desktop" ? look : fits)(page, `${name}-${size}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(sizes.phone);
  await look(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: "dark" });
  if (before) await page.setViewportSize(before);
}

/** Text at 200 %, as the phone's settings make it. */
async function largeText(page: Page, name: string): Promise<void> {
  const style = await page.evaluateHandle(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { font-size: 200% !important }");
    document.adoptedStyleSheets = [sheet];
    return sheet;
  });
  await look(page, `${name}-large-text`);
  await style.dispose();
  await page.evaluate(() => (document.adoptedStyleSheets = []));
}

test("the doors", async ({ server, phone }) => {
  const { page } = await phone();
  await page.goto(server.url);
  await everySize(page, "create");
  await largeText(page, "create");
  await page.getByLabel("What is it called?").fill("Ana & Tom");
  await page.getByRole("radio", { name: "Wedding" }).check();
  await page.getByRole("button", { name: "Create event" }).click();
  await expect(page.getByText("Your room is open")).toBeVisible();
  await everySize(page, "ready");
  const link = (await page.getByRole("region", { name: "Invite your guests" }).getByRole("link").getAttribute("href")) ?? "";
  const { page: guest } = await phone();
  await guest.goto(link);
  await everySize(guest, "join");
  await largeText(guest, "join");
  await guest.goto(`${link}/host`);
  await look(guest, "claim");
  await guest.goto(`${server.url}/e/zzzzzzzz`);
  await everySize(guest, "lost");
  await guest.goto(`${server.url}/nothing/here`);
  await look(guest, "trouble");
});

test("the talk", async ({ server, phone }) => {
  const { page } = await phone();
  await page.goto(`${server.url}/t/keynote`);
  await page.getByRole("button", { name: /Applause/ }).click();
  await everySize(page, "talk");
  await largeText(page, "talk");
});

test("the event", async ({ browser, server, phone }) => {
  const ana = await phone();
  const link = await create(ana.page, server, "Ana & Tom", "Wedding");
  await everySize(ana.page, "event-empty");
  const guests = await party(ana, link, phone);
  const [tom, otter] = guests as [Phone, Phone];
  await fill(ana.page, guests.map((g) => g.page), async (scene, w, h) => paint(browser, scene, w, h));

  await everySize(otter.page, "event");
  await largeText(otter.page, "event");
  if (camera) await readmePicture(otter.page);

  await test.step("a guest's sheets", () => guestSheets(otter.page));
  await test.step("a host's sheets", () => hostSheets(ana.page, tom.page));
  await test.step("hosts only", async () => {
    await otter.page.getByRole("button", { name: "Feed", exact: true }).click();
    await ana.page.getByRole("button", { name: "Host settings" }).click();
    await ana.page.getByRole("switch", { name: /Lock the room/ }).check();
    await expect(otter.page.getByText("The hosts have locked the room").first()).toBeVisible();
    await look(otter.page, "locked");
    await ana.page.getByRole("switch", { name: /Lock the room/ }).uncheck();
    await ana.page.getByRole("switch", { name: /Feed/ }).uncheck();
    await expect(otter.page.getByRole("feed")).toHaveCount(0);
    await everySize(otter.page, "only-reactions");
    await ana.page.getByRole("switch", { name: /^Reactions/ }).uncheck();
    await ana.page.getByRole("switch", { name: /^People/ }).uncheck();
    await expect(otter.page.getByText("switched everything off")).toBeVisible();
    await look(otter.page, "nothing-on");
    for (const name of [/Feed/, /^Reactions/, /^People/]) await ana.page.getByRole("switch", { name }).check();
    await closeSheet(ana.page);
  });
  await test.step("trouble", () => troubles(otter, server));
  await test.step("the end", async () => {
    await ana.page.getByRole("button", { name: "Host settings" }).click();
    await ana.page.getByRole("button", { name: "Close the event" }).click();
    await look(ana.page, "host-closing");
    await ana.page.getByRole("button", { name: "Yes, close the event" }).click();
    await expect(otter.page.getByText("This event is over.").first()).toBeVisible();
    await look(otter.page, "closed");
    const { page: late } = await phone();
    await late.goto(link);
    await look(late, "closed-join");
  });
});

async function party(ana: Phone, link: string, phone: () => Promise<Phone>): Promise<Phone[]> {
  await rename(ana.page, "Ana");
  const guests: Phone[] = [];
  for (const name of ["Tom", "Amber Otter", "Grandma Ilse"]) {
    const guest = await phone();
    await join(guest.page, link, name);
    guests.push(guest);
  }
  return guests;
}

async function rename(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "You and settings" }).click();
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();
  await closeSheet(page);
}

type Paint = (scene: Parameters<typeof paint>[1], w?: number, h?: number) => Promise<Buffer>;

async function fill(ana: Page, [tom, otter, ilse]: Page[], picture: Paint): Promise<void> {
  if (!tom || !otter || !ilse) return;
  await post(ana, "Dinner at seven, dancing from nine. Put all your photos here!");
  await settled(ana, "Dinner at seven");
  await choose(ana, "Dinner at seven", "Pin to the top");
  await post(otter, "The garden before everyone came", [await picture("garden", 1080, 720), await picture("dusk", 810, 1080), await picture("confetti", 1080, 810)]);
  await settled(otter, "The garden");
  await post(ilse, "So proud of you both. Grandpa would have loved this.");
  await settled(ilse, "So proud");
  await post(tom, "Five candles, one wish", [await picture("candles", 1080, 1080)]);
  await settled(tom, "Five candles");
  await post(otter, "First dance!", [await picture("lights", 1400, 1120)]);
  await settled(otter, "First dance!");
  for (const [page, text, kind] of [[tom, "First dance!", "Heart"], [ilse, "First dance!", "Heart"], [ana, "First dance!", "Touched"], [ana, "So proud", "Heart"], [tom, "So proud", "Heart"], [otter, "Five candles", "Fire"], [ana, "First dance!", "Heart"]] as const) {
    const given = card(page, text).getByRole("button", { name: new RegExp(`^${kind}, `) });
    if (await given.count()) await given.click();
    else {
      await card(page, text).getByRole("button", { name: "Add a reaction" }).click();
      await page.getByRole("button", { name: kind, exact: true }).click();
    }
  }
  await card(ilse, "First dance!").getByRole("button", { name: "Comment", exact: true }).click();
  await ilse.getByRole("textbox", { name: "Write a comment" }).fill("Look at those two. I'm not crying, you are.");
  await ilse.getByRole("button", { name: "Send comment" }).click();
  await closeSheet(ilse);
  for (const page of [tom, ilse, ana]) {
    const bar = page.getByRole("group", { name: "Send a reaction" }).getByRole("button");
    await page.evaluate(() => scrollTo(0, 0)); // reading on tucks the bar away
    for (let i = 0; i < 9; i++) await bar.nth(i % 3 ? 0 : i % 2).click();
  }
  await expect(card(otter, "First dance!").getByText("Look at those two")).toBeVisible();
  for (const page of [otter, ana]) {
    await page.evaluate(() => scrollTo(0, 0));
    await expect.poll(() => page.locator("article img").first().evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth > 0)).toBe(true);
  }
}

async function readmePicture(page: Page): Promise<void> {
  await page.setViewportSize(sizes.phone);
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(3_500); // "Live again" and notes are gone
  const { width, height, ...shot } = UPNG.decode(await page.screenshot());
  const [pixels] = UPNG.toRGBA8({ width, height, ...shot });
  if (pixels) writeFileSync(readme, Buffer.from(UPNG.encode([pixels], width, height, 256))); // 256 colours: a third of the bytes
}

async function guestSheets(page: Page): Promise<void> {
  await card(page, "First dance!").getByRole("button", { name: "Add a reaction" }).click();
  await look(page, "palette");
  await page.keyboard.press("Escape");
  await card(page, "First dance!").getByRole("button", { name: "1 comment", exact: true }).click();
  await expect(page.getByRole("dialog").getByText("Look at those two")).toBeVisible();
  await everySize(page, "thread");
  await closeSheet(page);
  await page.getByRole("button", { name: "New post" }).click();
  await page.getByLabel("Say something").fill("x".repeat(503));
  await look(page, "composer-too-long");
  await page.getByLabel("Say something").fill("One more from the terrace");
  await everySize(page, "composer");
  await largeText(page, "composer");
  await closeSheet(page);
  await page.getByRole("button", { name: "You and settings" }).click();
  await everySize(page, "me");
  await closeSheet(page);
  await card(page, "The garden").getByRole("button", { name: /Open:.*1 of 3/ }).click();
  await look(page, "viewer");
  await closeSheet(page);
  await choose(page, "First dance!", "Delete");
  await look(page, "menu-sure");
  await closeSheet(page);
  await page.getByRole("button", { name: "People", exact: true }).click();
  await expect(page.getByRole("region", { name: "People" })).toBeVisible();
  await everySize(page, "people");
  await page.getByRole("button", { name: "Invite others" }).click();
  await look(page, "invite");
  await closeSheet(page);
}

async function hostSheets(page: Page, guest: Page): Promise<void> {
  await page.getByRole("button", { name: "Host settings" }).click();
  await everySize(page, "host");
  await page.getByRole("radio", { name: "Wait for a host" }).check({ force: true });
  await closeSheet(page);
  await post(guest, "May I say a few words?");
  await expect(page.getByRole("button", { name: /1 post is waiting/ })).toBeVisible();
  await look(page, "waiting-host");
  await look(guest, "waiting-author");
  await page.getByRole("button", { name: /1 post is waiting/ }).click();
  await look(page, "review");
  await page.getByRole("dialog").getByRole("button", { name: "Don't show" }).click();
  await expect(page.getByText("Nothing is waiting for you.")).toBeVisible();
  await look(page, "review-empty");
  await closeSheet(page);
  await card(page, "Five candles").getByRole("button", { name: /More about/ }).click();
  await look(page, "menu-host");
  await closeSheet(page);
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByRole("region", { name: "People" }).getByRole("button", { name: /Grandma/ }).click();
  await look(page, "member");
  await page.getByRole("button", { name: "Ban from the event" }).click();
  await look(page, "ban");
  await closeSheet(page);
  await page.getByRole("button", { name: "Feed", exact: true }).click();
}

async function troubles({ page }: Phone, server: Server): Promise<void> {
  await server.kill();
  await post(page, "Written in the dark");
  await expect(page.getByRole("button", { name: /Reconnecting|Offline/ })).toBeVisible({ timeout: 25_000 });
  await page.evaluate(() => scrollTo(0, 0));
  await look(page, "offline");
  await server.run();
  await expect(card(page, "Written in the dark").getByText("Waiting for the host")).toBeVisible();
}

test("refused: the post stays, with its reason", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const bo = await phone();
  const link = await create(ana, server, "Refusals");
  await join(bo.page, link, "Bo");
  await server.kill();
  await post(bo.page, "Too late for this");
  await expect(bo.page.getByText("Will send when you're back")).toBeVisible();
  await bo.context.setOffline(true);
  await server.run();
  await ana.getByRole("button", { name: "Host settings" }).click();
  await ana.getByRole("switch", { name: /Lock the room/ }).check();
  await expect(ana.getByText("The room is locked. Only hosts can act.")).toBeVisible();
  await ana.waitForTimeout(500);
  await bo.context.setOffline(false);
  await expect(card(bo.page, "Too late for this").getByText(/Not sent\./)).toBeVisible({ timeout: 30_000 });
  await look(bo.page, "refused");
  await card(bo.page, "Too late for this").getByRole("button", { name: "Discard" }).click();
  await expect(card(bo.page, "Too late for this")).toHaveCount(0);
});

test("left and banned", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Gone");
  await join(bo, link, "Bo");
  await bo.getByRole("button", { name: "You and settings" }).click();
  await bo.getByRole("button", { name: "Leave the event" }).click();
  await expect(bo.getByRole("heading", { name: "You left" })).toBeVisible();
  await look(bo, "left");
  await bo.getByRole("button", { name: "Come back" }).click();
  await expect(bo.getByRole("heading", { level: 1, name: "Gone" })).toBeVisible();
  await ana.getByRole("button", { name: "People", exact: true }).click();
  await ana.getByRole("region", { name: "People" }).getByRole("button", { name: /Bo/ }).click();
  await ana.getByRole("button", { name: "Ban from the event" }).click();
  await ana.getByRole("button", { name: "Ban Bo" }).click();
  await expect(bo.getByRole("heading", { name: "You were removed from this event" })).toBeVisible();
  await look(bo, "banned");
});
