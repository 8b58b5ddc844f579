import { card, create, expect, post, test } from "./people.js";

test("creating and joining work without JavaScript", async ({ server, phone }) => {
  const { page: host } = await phone({ javaScriptEnabled: false });
  await host.goto(server.url);
  await host.getByLabel("What is it called?").fill("Plain");
  await host.getByRole("radio", { name: /Quiz night/ }).check();
  await host.getByRole("button", { name: "Create event" }).click();
  await expect(host.getByRole("heading", { name: "Plain" })).toBeVisible();
  const link = await host.getByRole("region", { name: "Invite your guests" }).getByRole("link").getAttribute("href");

  const { page: guest } = await phone({ javaScriptEnabled: false });
  await guest.goto(link ?? "");
  await guest.getByRole("textbox", { name: "Your name" }).fill("Old Phone");
  await guest.getByRole("button", { name: "Join" }).click();
  await expect(guest).toHaveURL(link ?? "");
  await expect(guest.locator("noscript p")).toBeVisible(); // "You are in."
});

test("a wrong code says where to look", async ({ server, phone }) => {
  const { page } = await phone();
  const answer = await page.goto(`${server.url}/e/zzzzzzzz`);
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "Check the code on the poster" })).toBeVisible();
});

test("a name is needed, and the dice has one", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const link = await create(ana, server, "Dice");
  const { page } = await phone();
  await page.goto(link);
  await page.getByRole("button", { name: "Suggest a name" }).click();
  await expect(page.getByRole("textbox", { name: "Your name" })).toHaveValue(/^\w+ \w+$/);
  await page.getByRole("button", { name: "Join" }).click();
  await post(page, "Hi from the dice");
  await expect(card(ana, "Hi from the dice")).toBeVisible();
});

test("the first paint has the room's content, before any script", async ({ server, phone }) => {
  const { page: ana, context } = await phone();
  const link = await create(ana, server, "Painted");
  await post(ana, "Already here");
  await expect(card(ana, "Already here")).toBeVisible();
  const page = await context.newPage();
  await page.routeWebSocket(/.*/, () => {}); // no live link at all
  await page.route("**/v1/**", (route) => route.abort());
  await page.goto(link);
  await expect(card(page, "Already here")).toBeVisible();
});

test("two visitors of a talk share its reactions", async ({ server, phone }) => {
  const { page: one } = await phone();
  const { page: two } = await phone();
  await one.goto(`${server.url}/t/keynote`);
  await two.goto(`${server.url}/t/keynote`);
  const hearts = (page: typeof one) => page.getByRole("button", { name: /^Heart/ });
  await expect(one.getByRole("group", { name: "Send a reaction" }).getByRole("button")).toHaveCount(5);
  for (let i = 0; i < 5; i++) await hearts(one).click();
  for (let i = 0; i < 3; i++) await hearts(two).click();
  await expect(hearts(one)).toHaveAccessibleName("Heart, 8");
  await expect(hearts(two)).toHaveAccessibleName("Heart, 8");
  await one.reload();
  await expect(hearts(one)).toHaveAccessibleName("Heart, 8");
});
