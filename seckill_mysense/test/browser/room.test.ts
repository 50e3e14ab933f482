import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { RoomShop } from "../gateway/room-shop.ts";
import {
  browserForTests,
  button,
  desktop,
  heading,
  logIn,
  look,
  lookEverywhere,
  openPage,
  register,
  says,
} from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a waiting room on the page${service.reason}`, () => {
  const browser = browserForTests();

  test(
    "is entered, tells the place on every device, lets the visitor buy in turn, and gives what proves the draw",
    async () => {
      await using shop = await RoomShop.open({ admitPer1000Seconds: 1_000 });
      await using opened = await openPage(browser(), shop, address);
      const { page, complaints } = opened;
      await heading(page, "A waiting room opens before the sale");
      await look(page, "room-before");
      await shop.goTo(shop.opensAtMs);
      await heading(page, "Take part in the draw");
      await says(page, /Register or log in to enter\./);
      await register(page, "Ada");
      await button(page, "Enter").click();
      await says(page, /Your entry is number 1\./);
      await look(page, "room-entered");
      const others = await shop.entered(4);
      await shop.goTo(shop.startsAtMs);
      await heading(page, /before you|You are next/);
      await page.reload();
      await heading(page, /before you|You are next/);
      const place = Number(/Your place is (\d)/.exec((await page.locator("#outcome-text").textContent()) ?? "")?.[1]);
      const places = await Promise.all(others.map(async (buyer) => (await shop.read(buyer)).body.place as number));
      expect([place, ...places].toSorted()).toEqual([1, 2, 3, 4, 5]);
      await look(page, "room-waiting");

      await using second = await openPage(browser(), shop, address, desktop, "dark");
      await logIn(second.page, "Ada");
      await says(second.page, `Your place is ${place}.`);
      // No receipt was kept there. The draw is there all the same.
      const drawLink = second.page.getByRole("link", { name: "Save the draw" });
      expect(await drawLink.getAttribute("href")).toBe(`/api/room/disclosure?saleID=${shop.saleId}`);

      await shop.goTo(shop.startsAtMs + 6_000);
      await page.getByText("It is your turn.", { exact: true }).waitFor();
      await look(page, "room-turn");
      await button(page, "Buy now").click();
      await heading(page, "A unit is set aside");

      await button(page, "Save your receipt")
        .or(page.getByRole("link", { name: "Save your receipt" }))
        .waitFor();
      const receipt = page.waitForEvent("download");
      await page.getByRole("link", { name: "Save your receipt" }).click();
      const draw = page.waitForEvent("download");
      await page.getByRole("link", { name: "Save the draw" }).click();
      const [receiptFile, drawFile] = [await (await receipt).path(), await (await draw).path()];
      await page.getByRole("link", { name: "Check the draw" }).click();
      await page.getByLabel("File of the draw").setInputFiles(drawFile);
      await page.getByLabel("Your receipt").fill(await Bun.file(receiptFile).text());
      await button(page, "Check").click();
      await heading(page, "All that can be checked fits together");
      await page.getByText(`Your place: ${place}`).waitFor();
      // Whoever uses this browser next is not shown the receipt of somebody else.
      await page.goto(shop.url + address);
      await page.getByRole("link", { name: "Save your receipt" }).waitFor();
      await button(page, "Log out").click();
      await register(page, "Eve");
      await heading(page, "Take part in the draw");
      expect(await page.getByRole("link", { name: "Save your receipt" }).isVisible()).toBe(false);
      expect([...complaints, ...second.complaints]).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "says when the turn was not used, and where one stands at every width",
    async () => {
      await using shop = await RoomShop.open({ mode: "queue", closesAtMs: undefined, useWithinMs: 1_000 });
      await using opened = await openPage(browser(), shop, address);
      const { page } = opened;
      await shop.entered(3);
      await register(page, "Ada");
      await button(page, "Enter").click();
      await heading(page, "You are in");
      await shop.goTo(shop.startsAtMs);
      await page.reload();
      await heading(page, "3 people are before you");
      await lookEverywhere(page, "room-queue");
      // The page was asleep while it was its turn.
      await shop.goTo(shop.startsAtMs + 60_000);
      await page.reload();
      await heading(page, "Your time to buy is over");
      expect(opened.complaints).toEqual([]);
    },
    timeoutMs,
  );
});
