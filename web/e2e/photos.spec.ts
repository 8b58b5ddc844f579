import type { Page } from "@playwright/test";
import { card, closeSheet, create, expect, join, post, settled, test } from "./people.js";
import { paint } from "./pictures.js";

/** Every picture in the post has arrived from the server. */
async function loaded(page: Page, text: string, n: number): Promise<void> {
  await expect
    .poll(() => card(page, text).locator("img").evaluateAll((all) => (all as HTMLImageElement[]).filter((img) => img.complete && img.naturalWidth > 0).length))
    .toBe(n);
}

test("photos: chosen, made smaller, sent, seen on the other phone, opened large", async ({ browser, server, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Photos");
  await join(bo, link, "Bo");
  const large = await paint(browser, "lights", 3200, 2400);
  const sent = bo.waitForRequest((r) => r.method() === "POST" && r.url().endsWith("/photos"));
  await post(bo, "Look up", [large]);
  expect((await sent).headers()["content-type"]).toBe("image/jpeg");
  await settled(bo, "Look up");
  await loaded(bo, "Look up", 1);
  await loaded(ana, "Look up", 1);
  const size = await card(ana, "Look up").locator("img").evaluate((img: HTMLImageElement) => [img.getAttribute("width"), img.getAttribute("height")]);
  expect(size).toEqual(["2048", "1536"]);

  await card(ana, "Look up").getByRole("button", { name: "Open: Look up" }).click();
  await expect(ana.getByRole("dialog").getByRole("img", { name: "Look up" })).toBeVisible();
  await closeSheet(ana);
});

test("several photos in one post, and a tunnel in between", async ({ browser, server, tunnel, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Many photos");
  await join(bo, link.replace(server.url, tunnel.url), "Bo");
  const pictures = [await paint(browser, "dance"), await paint(browser, "dusk", 900, 1200), await paint(browser, "candles")];
  tunnel.breakOff();
  await post(bo, "Three of them", pictures);
  await expect(bo.getByRole("article", { name: "Sending" }).getByText("Kept on this phone.")).toBeVisible();
  tunnel.mend();
  await settled(bo, "Three of them");
  await expect(card(bo, "Three of them")).toHaveCount(1);
  await loaded(ana, "Three of them", 3);
});

test("photos that were not sent survive a reload", async ({ browser, server, tunnel, phone }) => {
  const { page: ana } = await phone();
  const { page: bo } = await phone();
  const link = await create(ana, server, "Kept photos");
  await join(bo, link.replace(server.url, tunnel.url), "Bo");
  await bo.route("**/photos", (route) => route.abort()); // only the uploads fail
  await post(bo, "From the kitchen", [await paint(browser, "garden")]);
  await expect(bo.getByRole("article", { name: "Sending" }).getByText("Kept on this phone.")).toBeVisible();
  await bo.unroute("**/photos");
  bo.on("dialog", (dialog) => void dialog.accept());
  await bo.reload();
  await settled(bo, "From the kitchen");
  await loaded(ana, "From the kitchen", 1);
});

test("what is no picture is refused with a reason, and can be discarded", async ({ server, phone }) => {
  const { page } = await phone();
  await create(page, server, "Not a photo");
  await post(page, "Oops", [Buffer.from("this is not a picture at all")]);
  const sending = page.getByRole("article", { name: "Sending" });
  await expect(sending.getByText(/A photo was not sent\./)).toBeVisible();
  await sending.getByRole("button", { name: "Discard" }).click();
  await expect(sending).toHaveCount(0);
});
