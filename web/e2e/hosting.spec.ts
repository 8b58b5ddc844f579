import { card, closeSheet, create, expect, join, post, test } from "./people.js";
import type { Page } from "@playwright/test";

async function settings(page: Page): Promise<ReturnType<Page["getByRole"]>> {
  await page.getByRole("button", { name: "Host settings" }).click();
  return page.getByRole("dialog", { name: "Host settings" });
}

test("posts wait for the host when the host wants it", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const { page: cleo } = await phone();
  const link = await create(ana, server, "Careful");
  await join(bo, link, "Bo");
  await join(cleo, link, "Cleo");
  await (await settings(ana)).getByRole("radio", { name: "Wait for a host" }).check({ force: true });
  await closeSheet(ana);

  await post(bo, "May I?");
  await expect(card(bo, "May I?").getByText("Waiting for the host")).toBeVisible();
  await ana.getByRole("button", { name: /1 post is waiting/ }).click();
  await expect(cleo.getByText("May I?")).toHaveCount(0);
  await ana.getByRole("dialog").getByRole("button", { name: "Show", exact: true }).click();
  await expect(card(cleo, "May I?")).toBeVisible();
  await expect(card(bo, "May I?")).toHaveCount(1);
  await expect(card(bo, "May I?").getByText("Waiting for the host")).toHaveCount(0);
});

test("a ban takes all rights within a second", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Strict");
  await join(bo, link, "Bo");
  await post(bo, "Spam spam spam");
  await expect(card(ana, "Spam")).toBeVisible();

  await ana.getByRole("button", { name: "People", exact: true }).click();
  await ana.getByRole("region", { name: "People" }).getByRole("button", { name: /Bo/ }).click();
  await ana.getByRole("button", { name: "Ban from the event" }).click();
  await ana.getByRole("button", { name: "Ban Bo" }).click();
  await expect(bo.getByRole("heading", { name: "You were removed from this event" })).toBeVisible({ timeout: 1_000 });
  await ana.getByRole("button", { name: "Feed", exact: true }).click();
  await expect(ana.getByText("Spam spam spam")).toHaveCount(0);

  await bo.reload();
  await expect(bo.getByText("Spam spam spam")).toHaveCount(0);
  await expect(bo.getByRole("button", { name: "New post" })).toHaveCount(0);
});

test("features come and go while guests watch", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Toggles");
  await join(bo, link, "Bo");
  await expect(bo.getByRole("navigation", { name: "Parts of the event" })).toBeVisible();
  const sheet = await settings(ana);
  await sheet.getByRole("switch", { name: /Reactions/ }).uncheck();
  await expect(bo.getByRole("group", { name: "Send a reaction" })).toHaveCount(0);
  await expect(bo.getByRole("navigation", { name: "Parts of the event" })).toHaveCount(0);
  await expect(bo.getByRole("button", { name: "New post" })).toBeVisible();
  await sheet.getByRole("switch", { name: /Feed/ }).uncheck();
  await expect(bo.getByRole("button", { name: "New post" })).toHaveCount(0);
  await expect(bo.getByRole("region", { name: "People" })).toBeVisible();
});

test("locked and closed: nobody acts, everything stays to look at", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Short evening");
  await join(bo, link, "Bo");
  await post(bo, "Hello there");
  const sheet = await settings(ana);
  await sheet.getByRole("switch", { name: /Lock the room/ }).check();
  await expect(bo.getByText("The hosts have locked the room for a moment.").first()).toBeVisible();
  await expect(bo.getByRole("button", { name: "New post" })).toHaveCount(0);
  await sheet.getByRole("switch", { name: /Lock the room/ }).uncheck();
  await expect(bo.getByRole("button", { name: "New post" })).toBeVisible();
  await sheet.getByRole("button", { name: "Close the event" }).click();
  await sheet.getByRole("button", { name: "Yes, close the event" }).click();
  await expect(bo.getByText("This event is over. Everything stays to look at.").first()).toBeVisible();
  await expect(card(bo, "Hello there")).toBeVisible();

  const { page: late } = await phone();
  await late.goto(link);
  await expect(late.getByText("This event is over")).toBeVisible();
  await expect(late.getByRole("textbox")).toHaveCount(0);
});

test("a muted guest is told until when", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Quiet");
  await join(bo, link, "Bo");
  await ana.getByRole("button", { name: "People", exact: true }).click();
  await ana.getByRole("region", { name: "People" }).getByRole("button", { name: /Bo/ }).click();
  await ana.getByRole("button", { name: "Mute for 10 minutes" }).click();
  await expect(bo.getByText(/A host has muted you until \d\d:\d\d/)).toBeVisible();
  await expect(bo.getByRole("button", { name: "New post" })).toHaveCount(0);
});

test("the private link makes another device a host", async ({ server, phone }) => {
  const { page: ana } = await phone();
  await ana.goto(server.url);
  await ana.getByLabel("What is it called?").fill("Two devices");
  await ana.getByRole("button", { name: "Create event" }).click();
  const secret = await ana.getByRole("region", { name: "Run it from another device" }).getByRole("link").getAttribute("href");
  const { page: laptop } = await phone();
  await laptop.goto(secret ?? "");
  await expect(laptop.getByRole("button", { name: "Host settings" })).toBeVisible();
});

test("renaming and hiding oneself are seen by others", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Names");
  await join(bo, link, "Bo");
  await bo.getByRole("button", { name: "You and settings" }).click();
  await bo.getByRole("textbox", { name: "Your name" }).fill("Bo B.");
  await bo.getByRole("button", { name: "Save" }).click();
  await ana.getByRole("button", { name: "People", exact: true }).click();
  const row = ana.getByRole("region", { name: "People" }).getByRole("listitem").filter({ hasText: "Bo B." });
  await expect(row).toContainText("Here now");
  await bo.getByRole("switch", { name: /Hide me/ }).check();
  await expect(row).toContainText("Away");
});

test("a guest who becomes co-host gets the host's page at once, and loses it again", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Helpers");
  await join(bo, link, "Bo");
  await ana.getByRole("button", { name: "People", exact: true }).click();
  await ana.getByRole("region", { name: "People" }).getByRole("button", { name: /Bo/ }).click();
  await ana.getByRole("radio", { name: /Co-host/ }).check();
  await expect(bo.getByRole("button", { name: "Host settings" })).toBeVisible({ timeout: 1_500 });
  await ana.getByRole("radio", { name: /Guest/ }).check();
  await expect(bo.getByRole("button", { name: "Host settings" })).toHaveCount(0, { timeout: 1_500 });
});
