import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { requireService } from "../../../tools/test-services/index.ts";
import type { CheckAnswer } from "../../src/contract/check.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { browserForTests, button, desktop, heading, logIn, look, narrowPhone, openPage } from "./sale-browser.ts";
import { phone, register, tablet, text } from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a choice of units on the sale page${service.reason}`, () => {
  const browser = browserForTests();

  const upToFive = (): Promise<TestGateway> => startTestGateway({ product: { total: 10, limitPerUser: 5 } });
  const recordAll = (system: TestGateway) =>
    system.ledger.orders.record(system.gate.accepted, { payWithinMs: 900_000 });
  const choice = (page: Page) => page.getByLabel("How many?");
  const optionsOf = (page: Page) => choice(page).locator("option").allTextContents();
  const quantitiesOf = (system: TestGateway) => system.gate.accepted.map(({ quantity }) => quantity);

  async function buy(page: Page, quantity: string): Promise<void> {
    await choice(page).selectOption(quantity);
    await button(page, "Buy now").click();
  }

  async function payFor(page: Page, system: TestGateway): Promise<void> {
    await recordAll(system);
    await button(page, "Pay now").click();
  }

  for (const viewport of [narrowPhone, tablet, desktop]) {
    test(
      `lets a buyer at ${viewport.width} pixels have three units, then two, and then no more where five is the limit`,
      async () => {
        await using system = await upToFive();
        await using opened = await openPage(browser(), system, address, viewport);
        const { page } = opened;
        await register(page, "Ada");
        await page.getByText("The sale is open.").waitFor();
        expect(await optionsOf(page)).toEqual(["1", "2", "3", "4", "5"]);
        await text(page, "€49.99 in all");
        await choice(page).focus();
        for (const _ of [2, 3]) await page.keyboard.press("ArrowDown");
        await text(page, "€149.97 in all");
        await look(page, "choice");
        await button(page, "Buy now").click();
        await heading(page, "3 units are set aside");
        await page.reload();
        await heading(page, "3 units are set aside");
        await text(page, "3 × Headphones");
        await text(page, "€149.97");
        await look(page, "set-aside");
        await recordAll(system);
        await heading(page, "You won 3 units");
        await look(page, "won");
        await payFor(page, system);
        await heading(page, "Paid: they are yours");
        await text(page, "3 × Headphones");
        await look(page, "paid");

        await button(page, "Buy another").click();
        await page.getByText("You have 3 of 5 units.").waitFor();
        expect(await optionsOf(page)).toEqual(["1", "2"]);
        expect(await choice(page).inputValue()).toBe("1");
        await look(page, "second-choice");
        await buy(page, "2");
        await heading(page, "2 units are set aside");
        await payFor(page, system);
        await heading(page, "Paid: they are yours");
        await text(page, "€99.98");
        for (const _ of ["before", "after a reload"]) {
          expect(await button(page, "Buy another").count()).toBe(0);
          expect(await choice(page).isVisible()).toBe(false);
          await page.reload();
          await heading(page, "Paid: they are yours");
        }
        expect(quantitiesOf(system)).toEqual([3, 2]);
        expect(opened.complaints).toEqual([]);
      },
      timeoutMs,
    );
  }

  test(
    "offers the units that are left when a buyer wants more of them",
    async () => {
      await using system = await upToFive();
      const stock = system.gate.stocks.get("headphones")!;
      stock.available = 2;
      await using opened = await openPage(browser(), system, address, narrowPhone);
      const { page } = opened;
      await register(page, "Ada");
      await buy(page, "3");
      await heading(page, "Only 2 left");
      await look(page, "too-few");
      stock.available = 1;
      await button(page, "Take 2").click();
      await heading(page, "Only 1 left");
      await button(page, "Go back").click();
      await buy(page, "4");
      await heading(page, "Only 1 left");
      await button(page, "Take 1").click();
      await heading(page, "A unit is set aside");
      await text(page, "1 × Headphones");
      expect(system.gate.accepted).toHaveLength(1);
      expect(opened.complaints).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "offers what a buyer may still have who bought on another device",
    async () => {
      await using system = await upToFive();
      await using first = await openPage(browser(), system, address);
      await register(first.page, "Ada");
      await using second = await openPage(browser(), system, address, desktop);
      const { page } = second;
      await logIn(page, "Ada");
      await choice(page).waitFor();
      await buy(first.page, "3");
      await heading(first.page, "3 units are set aside");
      await buy(page, "4");
      await heading(page, "You may have 2 more");
      await look(page, "over-limit");
      await button(page, "Go back").click();
      expect(await optionsOf(page)).toEqual(["1", "2"]);
      await page.getByText("You have 3 of 5 units.").waitFor();
      await buy(page, "1");
      await heading(page, "A unit is set aside");
      await payFor(page, system);
      await heading(page, "Paid: it is yours");
      await button(page, "Buy another").click();
      await page.getByText("You have 4 of 5 units.").waitFor();
      expect(await choice(page).isVisible()).toBe(false);
      await button(page, "Buy now").click();
      await heading(page, "A unit is set aside");
      expect(quantitiesOf(system)).toEqual([3, 1, 1]);
      expect([...first.complaints, ...second.complaints]).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "shows as many units as were asked for when an answer was lost",
    async () => {
      await using system = await upToFive();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      const answers: string[] = [];
      await page.route("**/check?*", async (route) => {
        const response = await route.fetch();
        const { reservation, status } = (await response.json()) as CheckAnswer;
        answers.push(status);
        if (answers.length === 1) return route.abort();
        // A gateway of a ring answers a repeated request from its memory, which knows no quantity.
        return route.fulfill({ response, json: { reservation, status } });
      });
      await register(page, "Ada");
      await buy(page, "3");
      await heading(page, "3 units are set aside");
      expect(answers).toEqual(["accepted", "held"]);
      expect(quantitiesOf(system)).toEqual([3]);
    },
    timeoutMs,
  );

  test(
    "gives units back together, and then offers as many again, but no more than there are",
    async () => {
      await using system = await startTestGateway({ product: { total: 4, limitPerUser: 5 } });
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      await register(page, "Ada");
      await buy(page, "3");
      await heading(page, "3 units are set aside");
      await recordAll(system);
      await button(page, "Give them back").click();
      await button(page, "Yes, give them back").click();
      await heading(page, "Given back");
      await text(page, "Your order is cancelled and its 3 units are on sale again.");
      await button(page, "Try again").click();
      await choice(page).waitFor();
      expect(await optionsOf(page)).toEqual(["1", "2", "3", "4"]);
      expect(await choice(page).inputValue()).toBe("1");
    },
    timeoutMs,
  );

  test(
    "still finds a reservation that an earlier version of the page stored",
    async () => {
      await using system = await upToFive();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      await register(page, "Ada");
      await buy(page, "1");
      await heading(page, "A unit is set aside");
      await page.evaluate(`for (const key of Object.keys(localStorage)) {
      const held = JSON.parse(localStorage.getItem(key));
      localStorage.setItem(key, JSON.stringify(held.map(({ reservation }) => reservation)));
    }`);
      await page.reload();
      await heading(page, "A unit is set aside");
      await text(page, "1 × Headphones");
    },
    timeoutMs,
  );

  test(
    "shows no choice where one unit is the limit",
    async () => {
      await using system = await upToFive();
      await using opened = await openPage(browser(), system, address, phone);
      const { page } = opened;
      await register(page, "Ada");
      await choice(page).waitFor();
      await page.goto(`${system.url}/check?productID=speaker`);
      await button(page, "Buy now").waitFor();
      expect(await choice(page).isVisible()).toBe(false);
      await button(page, "Buy now").click();
      await heading(page, "A unit is set aside");
    },
    timeoutMs,
  );
});
