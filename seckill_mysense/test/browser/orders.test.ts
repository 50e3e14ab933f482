import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { requireService } from "../../../tools/test-services/index.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { browserForTests, button, heading, logIn, lookEverywhere, openPage, register, says } from "./sale-browser.ts";

const service = requireService("chromium");
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a buyer's orders on the page of the sale${service.reason}`, () => {
  const browser = browserForTests();

  const recordAll = (system: TestGateway) =>
    system.ledger.orders.record(system.gate.accepted, { payWithinMs: 7_200_000 });

  /** A buyer whose order is recorded and not paid. */
  async function win(page: Page, system: TestGateway): Promise<void> {
    await register(page, "Ada");
    await button(page, "Buy now").click();
    await heading(page, "A unit is set aside");
    await recordAll(system);
    await heading(page, "You won it");
  }

  const listed = (page: Page): Promise<string[]> =>
    page.getByRole("region", { name: "Your orders" }).getByRole("listitem").allInnerTexts();

  test("are there on a second device, which can pay after the end of the sale", async () => {
    let aheadMs = 0;
    await using system = await startTestGateway({ now: () => Date.now() + aheadMs, product: { limitPerUser: 2 } });
    await using first = await openPage(browser(), system, address);
    await win(first.page, system);
    await using second = await openPage(browser(), system, address);
    await logIn(second.page, "Ada");
    await heading(second.page, "You won it");
    expect(await listed(second.page)).toEqual([expect.stringMatching(/1 × Headphones[^]*To be paid[^]*€49.99 · /)]);
    aheadMs = 3_700_000;
    await using third = await openPage(browser(), system, address);
    await third.page.getByText("Log in to see your orders, and to pay for what you have won.").waitFor();
    await lookEverywhere(third.page, "over-signed-out");
    await logIn(third.page, "Ada");
    await heading(third.page, "You won it");
    await button(third.page, "Pay now").click();
    await heading(third.page, "Paid: it is yours");
    expect(await third.page.title()).toBe("Paid: it is yours · Headphones · Spring sale");
    expect(await listed(third.page)).toEqual([expect.stringMatching(/Paid/)]);
    await third.page.getByText("2 in all", { exact: true }).waitFor();
    await lookEverywhere(third.page, "orders");
    expect([...first.complaints, ...second.complaints, ...third.complaints]).toEqual([]);
  });

  test("a user who logs out, and another one, see none of them", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, address);
    const { page } = opened;
    await win(page, system);
    expect(await listed(page)).toHaveLength(1);
    await button(page, "Log out").click();
    await page.getByLabel("Name").waitFor();
    expect(await listed(page)).toEqual([]);
    await register(page, "Eve");
    await button(page, "Buy now").waitFor();
    expect(await listed(page)).toEqual([]);
  });

  test("nothing is lost or done twice without a network, and the page says so", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, address);
    const { page } = opened;
    await win(page, system);
    const lost = page.getByText("No connection to the shop.");
    await page.context().setOffline(true);
    await lost.waitFor();
    await button(page, "Pay now").click();
    await says(page, "No answer came. Try again: nothing is done twice.");
    await lookEverywhere(page, "offline");
    await page.context().setOffline(false);
    await lost.waitFor({ state: "hidden" });
    await button(page, "Pay now").click();
    await heading(page, "Paid: it is yours");
  });

  test("a page that idles without a network has no live button", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, address);
    const { page } = opened;
    await register(page, "Ada");
    await page.getByText("The sale is open.").waitFor();
    // The browser knows nothing of it: the shop does not answer.
    await page.route("**/api/sales**", (route) => route.abort());
    await page.getByText("No connection. You can buy as soon as it is back.").waitFor();
    expect(await button(page, "Buy now").isDisabled()).toBe(true);
    await page.unroute("**/api/sales**");
    await page.getByText("The sale is open.").waitFor();
    expect(await button(page, "Buy now").isEnabled()).toBe(true);
  });

  test("the stock beside an answer is that of the answer", async () => {
    await using system = await startTestGateway({ product: { total: 1 } });
    await using opened = await openPage(browser(), system, address);
    const { page } = opened;
    await register(page, "Ada");
    await page.getByText("1 of 1 left").waitFor();
    // From now on the page gets no newer figures.
    await page.route("**/api/sales**", (route) => route.abort());
    await button(page, "Buy now").click();
    await heading(page, "A unit is set aside");
    expect(await page.locator("#stock-text").innerText()).toBe("Sold out: none of 1 left");
    await using late = await openPage(browser(), system, address);
    await late.page.getByText("Sold out: none of 1 left").waitFor();
    await late.page.getByText("You can still come in: units that are given back are sold again.").waitFor();
    await lookEverywhere(late.page, "sold-out-signed-out");
  });
});
