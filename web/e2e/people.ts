/** What people do, in their words: create, join, post, react... The tests find things as people do, by role and name. */
import { test as base, expect } from "@playwright/test";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "@playwright/test";
import { Server } from "./server.js";
import { Tunnel } from "./tunnel.js";

export { expect };

export interface Phone {
  readonly page: Page;
  readonly context: BrowserContext;
}

interface Stage {
  readonly server: Server;
  /** Another way to the same server, which can break. */
  readonly tunnel: Tunnel;
  /** A new phone: a browser that knows nothing. */
  readonly phone: (options?: BrowserContextOptions) => Promise<Phone>;
}

export const test = base.extend<Stage>({
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },
  tunnel: async ({ server }, use) => {
    const tunnel = await Tunnel.to(server.url);
    await use(tunnel);
    tunnel.close();
  },
  phone: async ({ browser, contextOptions, viewport, deviceScaleFactor, hasTouch, colorScheme, locale }, use) => {
    const all: BrowserContext[] = [];
    const problems: string[] = [];
    await use(async (options = {}) => {
      const phone = await newPhone(browser, { ...contextOptions, viewport, deviceScaleFactor: deviceScaleFactor ?? 1, hasTouch: hasTouch ?? false, colorScheme: colorScheme ?? "dark", locale: locale ?? "en-GB", ...options });
      all.push(phone.context);
      phone.page.on("pageerror", (error) => problems.push(error.stack ?? error.message));
      phone.page.on("console", (m) => {
        if (m.type() === "error" && /Content Security Policy|Refused to/.test(m.text())) problems.push(m.text());
      });
      return phone;
    });
    await Promise.all(all.map((context) => context.close()));
    expect(problems, "errors on the pages").toEqual([]);
  },
});

async function newPhone(browser: Browser, options: BrowserContextOptions): Promise<Phone> {
  const context = await browser.newContext(options);
  return { context, page: await context.newPage() };
}

/** Creates an event and opens it. Returns its link. */
export async function create(page: Page, server: Server, name: string, preset = "House party"): Promise<string> {
  await page.goto(server.url);
  await page.getByLabel("What is it called?").fill(name);
  await page.getByRole("radio", { name: preset }).check();
  await page.getByRole("button", { name: "Create event" }).click();
  await expect(page.getByText("Your room is open")).toBeVisible();
  const link = await page.getByRole("region", { name: "Invite your guests" }).getByRole("link").getAttribute("href");
  await page.getByRole("link", { name: "Open the event" }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  return link ?? "";
}

export async function join(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("textbox", { name: "Your name" }).fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByRole("button", { name: "You and settings" })).toBeVisible();
}

export async function post(page: Page, text: string, pictures: readonly Buffer[] = []): Promise<void> {
  await page.getByRole("button", { name: /New post|Add the first photo/ }).last().click();
  const sheet = page.getByRole("dialog", { name: "New post" });
  if (text) await sheet.getByLabel("Say something").fill(text);
  if (pictures.length > 0) {
    await sheet.getByLabel("Photos").setInputFiles(pictures.map((buffer, i) => ({ name: `${i}.jpg`, mimeType: "image/jpeg", buffer })));
    await expect(sheet.getByRole("button", { name: /Remove photo/ })).toHaveCount(pictures.length);
  }
  await sheet.getByRole("button", { name: "Post", exact: true }).click();
  await expect(sheet).toBeHidden();
}

/** The post with this text, in the feed. */
export const card = (page: Page, text: string): Locator => page.getByRole("feed").getByRole("article").filter({ hasText: text });

/** Opens a post's menu and chooses from it. */
export async function choose(page: Page, text: string, action: string): Promise<void> {
  await card(page, text).getByRole("button", { name: /More about/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: action }).click();
}

export async function closeSheet(page: Page): Promise<void> {
  await page.getByRole("dialog").last().getByRole("button", { name: "Close", exact: true }).click();
}

/** Nothing of ours is still on its way. */
export async function settled(page: Page, text: string): Promise<void> {
  await expect(card(page, text).getByRole("button", { name: "Add a reaction" })).toBeVisible();
}
