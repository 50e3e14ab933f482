import type { SaleDetails } from "../../src/contract/sales.ts";
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { requireService } from "../../../tools/test-services/index.ts";
import { maxBundleParts } from "../../src/domain/bundle.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { browserForTests, button, desktop, heading, look, openPage, phone } from "./sale-browser.ts";
import { register, tablet, text } from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`products that are bought together on the sale page${service.reason}`, () => {
  const browser = browserForTests();

  const recordAll = (system: TestGateway) =>
    system.ledger.orders.record(system.gate.accepted, { payWithinMs: 900_000 });

  for (const viewport of [phone, tablet, desktop]) {
    test(
      `are all set aside, won and paid as one order, at ${viewport.width} pixels`,
      async () => {
        await using system = await startTestGateway({ product: { total: 10, limitPerUser: 5 } });
        await using opened = await openPage(browser(), system, address, viewport);
        const { page } = opened;
        await register(page, "Ada");
        await page.getByText("The sale is open.").waitFor();
        await page.getByLabel("How many?").selectOption("2");
        await page.getByLabel("Speaker").check();
        await text(page, "€149.97 in all");
        await look(page, "bundle-choice");
        await button(page, "Buy both products").click();
        await heading(page, "All are set aside");
        await text(page, "2 × Headphones, 1 × Speaker");
        await look(page, "bundle-set-aside");
        await recordAll(system);
        await heading(page, "You won all of them");
        await text(page, "€149.97");
        await look(page, "bundle-won");
        await page.reload();
        await heading(page, "You won all of them");
        await button(page, "Pay now").click();
        await heading(page, "Paid: they are yours");
        await page.goto(`${system.url}/check?productID=speaker`);
        await heading(page, "Paid: they are yours");
        await text(page, "2 × Headphones, 1 × Speaker");
        await page.goto(system.url + address);
        await button(page, "Buy another").click();
        await page.getByText("You have 2 of 5 units.").waitFor();
        expect(await page.getByLabel("Speaker").isChecked()).toBe(false);
        await button(page, "Buy now").waitFor();
        expect(opened.complaints).toEqual([]);
      },
      timeoutMs,
    );
  }

  /** From now on the page is told this of the sales. */
  async function answerSales(page: Page, answer: { readonly sales: readonly SaleDetails[] }): Promise<void> {
    const { sales, ...time } = answer;
    const { version, paused, products } = sales[0]!;
    const available = Object.fromEntries(products.map((product) => [product.id, product.available]));
    const pausedProducts = products.filter((product) => product.paused).map(({ id }) => id);
    await page.route("**/api/sales", (route) => route.fulfill({ json: answer }));
    await page.route("**/api/sales/*/live", (route) =>
      route.fulfill({ json: { ...time, version, paused, available, pausedProducts } }),
    );
  }

  test(
    "are at most eight, of the same sale and currency, and none that is paused or known to be gone",
    async () => {
      await using system = await startTestGateway();
      const answer = (await (await fetch(`${system.url}/api/sales`)).json()) as { sales: SaleDetails[] };
      const [sale] = answer.sales;
      const like = (id: string, changes: object) => ({ ...sale!.products[0]!, id, name: `Product ${id}`, ...changes });
      const odd = [
        like("dollar", { currency: "USD" }),
        like("paused", { paused: true }),
        like("gone", { available: 0 }),
      ];
      sale!.products.push(...odd, ...Array.from({ length: 9 }, (_, index) => like(`${index + 1}`, {})));
      await using opened = await openPage(browser(), system, "/check?productID=none", phone);
      const { page } = opened;
      await answerSales(page, answer);
      await page.goto(system.url + address);
      await register(page, "Ada");
      const boxes = page.getByRole("checkbox");
      await boxes.first().waitFor();
      expect(await boxes.count()).toBe(10);
      expect(maxBundleParts).toBe(8);
      for (let index = 0; index < maxBundleParts - 1; index++) await boxes.nth(index).check();
      await button(page, "Buy all 8 products").waitFor();
      expect(await boxes.nth(7).isDisabled()).toBe(true);
      await look(page, "bundle-of-eight");
      await boxes.first().uncheck();
      await button(page, "Buy all 7 products").waitFor();
      expect(await boxes.nth(7).isDisabled()).toBe(false);
      expect(opened.complaints).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "are all refused when one of them is gone, and the buyer can choose again",
    async () => {
      await using system = await startTestGateway({ speaker: { total: 1 } });
      await using opened = await openPage(browser(), system, address, phone);
      const { page } = opened;
      // The page does not learn in time that the last one is gone.
      const sales = (await (await fetch(`${system.url}/api/sales`)).json()) as { sales: SaleDetails[] };
      await answerSales(page, sales);
      system.gate.stocks.get("speaker")!.available = 0;
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "Not all are left");
      await page.getByText("Speaker is sold out. You got none of the products this time.").waitFor();
      await look(page, "bundle-refused");
      await button(page, "Try again").click();
      await page.getByLabel("Speaker").uncheck();
      await button(page, "Buy now").waitFor();
      expect(opened.complaints).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "are asked for with the same token after lost answers, so that they are bought once",
    async () => {
      await using system = await startTestGateway({ product: { total: 10, limitPerUser: 5 } });
      await using opened = await openPage(browser(), system, address, phone);
      const { page } = opened;
      let lost = 0;
      await page.route("**/check", async (route) => {
        const response = await route.fetch();
        return lost++ === 0 ? route.abort() : route.fulfill({ response });
      });
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "All are set aside");
      expect(lost).toBe(2);
      expect(system.gate.accepted).toHaveLength(2);
    },
    timeoutMs,
  );

  test(
    "are shown to the buyer who has them when the answer was lost and the page was loaded again",
    async () => {
      await using system = await startTestGateway({ product: { limitPerUser: 1 } });
      await using opened = await openPage(browser(), system, address, phone);
      const { page } = opened;
      await page.route("**/check", async (route) => {
        await route.fetch();
        return route.abort();
      });
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "Asking for 2 products together");
      while (system.gate.accepted.length < 2) await page.waitForTimeout(10);
      await recordAll(system);
      await page.unrouteAll({ behavior: "wait" });
      // Whoever could not read the list of orders asks again.
      await page.route("**/api/orders", (route) => route.abort());
      await page.reload();
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "You won all of them");
      const before =
        "You had this order before. With it, that would have been more of Headphones than one buyer may have.";
      await page.getByText(before).waitFor();
      await text(page, "1 × Headphones, 1 × Speaker");
      await look(page, "bundle-had-before");
      await button(page, "Pay now").click();
      await heading(page, "Paid: they are yours");
      expect(system.gate.accepted).toHaveLength(2);
      await page.goto(`${system.url}/check?productID=speaker`);
      await heading(page, "Paid: they are yours");
    },
    timeoutMs,
  );

  test(
    "are refused with the order of another product that the buyer has",
    async () => {
      await using system = await startTestGateway({ product: { total: 10, limitPerUser: 5 } });
      await using opened = await openPage(browser(), system, "/check?productID=speaker", phone);
      const { page } = opened;
      await register(page, "Ada");
      await button(page, "Buy now").click();
      await heading(page, "A unit is set aside");
      await recordAll(system);
      await page.goto(system.url + address);
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "You won it");
      await text(page, "1 × Speaker");
      await page.getByText("With it, that would have been more of Speaker than one buyer may have.").waitFor();
      await button(page, "Pay now").click();
      await heading(page, "Paid: it is yours");
      await button(page, "Buy another").click();
      // A speaker is no pair of headphones.
      await page.getByText("The sale is open.").waitFor();
    },
    timeoutMs,
  );
});
