import { card, create, expect, join, post, settled, test } from "./people.js";

test("what is posted offline is kept, and arrives once", async ({ server, tunnel, phone }) => {
  const { page: ana } = await phone();
  const bo = await phone();
  const link = await create(ana, server, "Offline");
  await join(bo.page, link.replace(server.url, tunnel.url), "Bo");
  await post(bo.page, "Before the tunnel");
  await settled(bo.page, "Before the tunnel");

  await bo.context.setOffline(true); // new connections
  tunnel.breakOff(); // and those that are there
  await expect(bo.page.getByRole("button", { name: "Offline" })).toBeVisible({ timeout: 25_000 });
  await post(bo.page, "In the tunnel");
  await expect(card(bo.page, "In the tunnel").getByText("Will send when you're back")).toBeVisible();

  tunnel.mend();
  await bo.context.setOffline(false);
  await settled(bo.page, "In the tunnel");
  await expect(bo.page.getByRole("button", { name: "Offline" })).toHaveCount(0);
  await expect(card(ana, "In the tunnel")).toHaveCount(1);

  await bo.page.reload();
  await expect(card(bo.page, "In the tunnel")).toHaveCount(1);
  await expect(card(ana, "In the tunnel")).toHaveCount(1);
});

test("the server dies and comes back: pages go on by themselves, and everything acknowledged is there", async ({ server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Power cut");
  await join(bo, link, "Bo");
  await post(ana, "Before the power cut");
  await settled(ana, "Before the power cut");

  await server.kill();
  await post(bo, "In the dark");
  await expect(bo.getByRole("button", { name: /Reconnecting|Offline/ })).toBeVisible();
  await server.run();

  await settled(bo, "In the dark");
  await expect(card(ana, "In the dark")).toHaveCount(1);
  await expect(card(ana, "Before the power cut")).toHaveCount(1);
  const { page: cleo } = await phone();
  await join(cleo, link, "Cleo");
  await expect(card(cleo, "Before the power cut")).toHaveCount(1);
  await expect(card(cleo, "In the dark")).toHaveCount(1);
});

test("a reload shows the same, and what was not sent yet still goes", async ({ server, phone }) => {
  const bo = await phone();
  await create(bo.page, server, "Reload");
  await post(bo.page, "Safe and sound");
  await settled(bo.page, "Safe and sound");
  await bo.page.reload();
  await expect(card(bo.page, "Safe and sound")).toBeVisible();

  await server.kill();
  await post(bo.page, "Written in the dark");
  await expect(card(bo.page, "Written in the dark").getByText("Will send when you're back")).toBeVisible();
  await server.run();
  await bo.page.reload();
  await settled(bo.page, "Written in the dark");
  await expect(card(bo.page, "Written in the dark")).toHaveCount(1);
});
