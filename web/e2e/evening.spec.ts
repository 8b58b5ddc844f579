import { card, choose, closeSheet, create, expect, join, post, settled, test } from "./people.js";

test("an evening: create, join, post, react, comment, hide, restore", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Ana & Tom", "Wedding");
  await join(bo, link, "Bo");

  await test.step("both see who is here", async () => {
    await expect(ana.getByRole("button", { name: "People, 2 here now" })).toBeVisible();
    await expect(bo.getByRole("button", { name: "People, 2 here now" })).toBeVisible();
  });

  await test.step("a post is on the other phone at once", async () => {
    await expect(bo.getByRole("heading", { name: "The room is yours" })).toBeVisible();
    await post(ana, "Dinner is served");
    await expect(card(bo, "Dinner is served")).toBeVisible();
    await settled(ana, "Dinner is served");
  });

  await test.step("a reaction and its count travel", async () => {
    await card(bo, "Dinner is served").getByRole("button", { name: "Add a reaction" }).click();
    await bo.getByRole("button", { name: "Applause", exact: true }).click();
    await expect(card(bo, "Dinner is served").getByRole("button", { name: "Applause, 1", pressed: true })).toBeVisible();
    await expect(card(ana, "Dinner is served").getByRole("button", { name: "Applause, 1", pressed: false })).toBeVisible();
    await card(bo, "Dinner is served").getByRole("button", { name: "Applause, 1" }).click();
    await expect(card(ana, "Dinner is served").getByRole("button", { name: /Applause/ })).toHaveCount(0);
  });

  await test.step("a comment travels", async () => {
    await card(bo, "Dinner is served").getByRole("button", { name: "Comment", exact: true }).click();
    await bo.getByRole("textbox", { name: "Write a comment" }).fill("On my way!");
    await bo.getByRole("button", { name: "Send comment" }).click();
    await expect(bo.getByRole("dialog").getByText("On my way!")).toBeVisible();
    await closeSheet(bo);
    await expect(card(ana, "Dinner is served").getByText("On my way!")).toBeVisible();
    await expect(card(ana, "Dinner is served").getByRole("button", { name: "1 comment", exact: true })).toBeVisible();
  });

  await test.step("hidden by the host: gone on every guest's phone, and back again", async () => {
    await post(bo, "Something silly");
    await expect(card(ana, "Something silly")).toBeVisible();
    await choose(ana, "Something silly", "Hide from everyone");
    await expect(ana.getByRole("feed").getByText("Something silly")).toHaveCount(0);
    await expect(card(bo, "Something silly").getByText("Not shown to others")).toBeVisible(); // the author knows
    const { page: cleo } = await phone();
    await join(cleo, link, "Cleo");
    await expect(card(cleo, "Dinner is served")).toBeVisible();
    await expect(cleo.getByText("Something silly")).toHaveCount(0);

    await ana.getByRole("button", { name: "Host settings" }).click();
    await ana.getByRole("button", { name: /Waiting and hidden/ }).click();
    await ana.getByRole("dialog", { name: "Waiting and hidden" }).getByRole("button", { name: "Show again" }).click();
    await expect(card(cleo, "Something silly")).toBeVisible();
  });

  await test.step("deleted by its author: gone on both", async () => {
    await choose(bo, "Something silly", "Delete");
    await bo.getByRole("dialog").getByRole("button", { name: "Delete for good?" }).click();
    await expect(card(ana, "Something silly")).toHaveCount(0);
    await expect(card(bo, "Something silly")).toHaveCount(0);
  });
});

test("the back button of the phone closes what is on top", async ({ server, phone }) => {
  const { page } = await phone();
  await create(page, server, "Back");
  await page.getByRole("button", { name: "New post" }).click();
  await expect(page.getByRole("dialog", { name: "New post" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1, name: "Back" })).toBeVisible();
});

test("hearts for the room are counted for everyone", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Hearts");
  await join(bo, link, "Bo");
  const hearts = (page: typeof ana) => page.getByRole("group", { name: "Send a reaction" }).getByRole("button").first();
  for (let i = 0; i < 7; i++) await hearts(bo).click();
  await expect(hearts(bo)).toHaveAccessibleName(/, 7$/);
  await expect(hearts(ana)).toHaveAccessibleName(/, 7$/);
});

test("far down, new posts wait behind a button; removals do not", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Scrolling");
  await join(bo, link, "Bo");
  for (let i = 1; i <= 14; i++) await post(ana, `Post number ${i}.\n\n\n\n\nThe end of it.`);
  await settled(ana, "Post number 14.");
  await expect(card(bo, "Post number 14.")).toBeVisible();
  await bo.evaluate(() => scrollTo(0, 2.5 * innerHeight));
  await post(ana, "News from the bar");
  await expect(bo.getByRole("button", { name: "1 new post" })).toBeVisible();
  await expect(card(bo, "News from the bar")).toHaveCount(0);
  await choose(ana, "Post number 2.", "Hide from everyone");
  await expect(card(bo, "Post number 2.")).toHaveCount(0);
  await bo.getByRole("button", { name: "1 new post" }).click();
  await expect(card(bo, "News from the bar")).toBeInViewport();
});
