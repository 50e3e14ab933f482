import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { requireService } from "../../../tools/test-services/index.ts";
import { startTestGateway, testProduct, type TestGateway } from "../fakes/test-gateway.ts";
import { joinWaiting, sellOut, sweep } from "../fakes/waiting-shop.ts";
import {
  browserForTests,
  button,
  desktop,
  heading,
  logIn,
  openPage,
  overflows,
  phone,
  register,
} from "./sale-browser.ts";

const service = requireService("chromium");
/** The page asks for its place every two seconds, so each test takes some seconds. */
const timeoutMs = 60_000;
/** A folder for pictures of each state; none are taken without it. */
const pictures = process.env["SALE_PICTURES"];

describe.skipIf(service.missing)(`the waiting line on the sale page${service.reason}`, () => {
  const browser = browserForTests();

  /** A holder gives one unit back, and a sweep offers it. */
  async function giveOneBack(system: TestGateway, reservation: string): Promise<void> {
    await system.ledger.orders.cancel(reservation);
    await sweep(system);
  }

  async function waitInLine(page: Page, name: string): Promise<void> {
    await register(page, name);
    await button(page, "Buy now").click();
    await heading(page, "Sold out");
    await button(page, "Wait in line").click();
  }

  for (const [viewport, scheme] of [
    [phone, "light"],
    [phone, "dark"],
    [desktop, "light"],
    [desktop, "dark"],
  ] as const) {
    test(
      `leads a buyer at ${viewport.width} pixels, ${scheme}, from sold out to a paid offer, across a reload`,
      async () => {
        await using system = await startTestGateway();
        const holders = await sellOut(system);
        await joinWaiting(system, "first");
        await using opened = await openPage(browser(), system, `/check?productID=${testProduct.id}`, viewport, scheme);
        const { page } = opened;
        const picture = async (name: string): Promise<void> => {
          expect(await overflows(page)).toBe(false);
          if (pictures === undefined) return;
          await page.screenshot({ path: join(pictures, `${name}-${viewport.width}-${scheme}.png`), fullPage: true });
        };
        await register(page, "Ada");
        await button(page, "Buy now").click();
        await heading(page, "Sold out");
        await picture("sold-out");
        await button(page, "Wait in line").click();
        await heading(page, "1 person is before you");
        await picture("waiting");

        await giveOneBack(system, holders[0]!);
        await heading(page, "You are first in line");
        await page.reload();
        await heading(page, "You are first in line");
        // Nothing of this is remembered by the browser.
        await page.evaluate("localStorage.clear()");
        await giveOneBack(system, holders[1]!);
        await heading(page, "It is your turn");
        await page.reload();
        await heading(page, "It is your turn");
        expect(await page.getByText(/left to pay$/).textContent()).toMatch(/^[45]:\d\d left to pay$/);
        await picture("offered");
        await button(page, "Pay now").click();
        await heading(page, "Paid: it is yours");
        expect(opened.complaints).toEqual([]);
      },
      timeoutMs,
    );
  }

  test(
    "an offer can be declined, and the line joined again; a place can be given up",
    async () => {
      await using system = await startTestGateway();
      const holders = await sellOut(system);
      await using opened = await openPage(browser(), system, `/check?productID=${testProduct.id}`);
      const { page } = opened;
      await waitInLine(page, "Ada");
      await heading(page, "You are first in line");
      await giveOneBack(system, holders[0]!);
      await heading(page, "It is your turn");
      await button(page, "Decline").click();
      await button(page, "Yes, decline").click();
      await heading(page, "Declined");
      // The unit that was declined is still free: without somebody in line it would be on sale again.
      await joinWaiting(system, "second");
      await button(page, "Wait in line").click();
      await heading(page, "1 person is before you");
      await button(page, "Leave the line").click();
      await heading(page, "You left the line");
      await page.reload();
      await button(page, "Buy now").waitFor();
      expect(opened.complaints).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "an offer that was not paid in time has passed, and says so after logging in elsewhere",
    async () => {
      let aheadMs = 0;
      await using system = await startTestGateway({ now: () => Date.now() + aheadMs });
      const holders = await sellOut(system);
      await using opened = await openPage(browser(), system, `/check?productID=${testProduct.id}`);
      await waitInLine(opened.page, "Ada");
      await heading(opened.page, "You are first in line");
      await giveOneBack(system, holders[0]!);
      await heading(opened.page, "It is your turn");
      await joinWaiting(system, "second");
      aheadMs = 6 * 60_000;
      await sweep(system);
      await heading(opened.page, "Your turn has passed");
      await using elsewhere = await openPage(browser(), system, `/check?productID=${testProduct.id}`, desktop);
      await logIn(elsewhere.page, "Ada");
      await heading(elsewhere.page, "Your turn has passed");
      expect([...opened.complaints, ...elsewhere.complaints]).toEqual([]);
    },
    timeoutMs,
  );
});
