import { describe, expect, test } from "bun:test";
import type { APIResponse, Page, Route } from "playwright-core";
import { requireService } from "../../../tools/test-services/index.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { browserForTests, button, heading, openPage, register } from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`what a user has asked for ends with the user's session${service.reason}`, () => {
  const browser = browserForTests();

  /** Holds the answer to the next request to a path back, until it is let through. */
  async function holdBack(page: Page, path: string): Promise<{ arrived: Promise<void>; letThrough(): Promise<void> }> {
    const held = Promise.withResolvers<{ route: Route; response: APIResponse }>();
    await page.route(path, async (route) => held.resolve({ route, response: await route.fetch() }), { times: 1 });
    return {
      arrived: held.promise.then(() => undefined),
      async letThrough() {
        const { route, response } = await held.promise;
        const isRead = page.waitForEvent("requestfinished", (request) => request === route.request());
        await route.fulfill({ response });
        await isRead;
        // The page has worked with the answer once it has drawn.
        await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))");
      },
    };
  }

  /** Buys a unit, and checks that it is this user's. */
  async function buyFor(name: string, page: Page, system: TestGateway): Promise<void> {
    await button(page, "Buy now").click();
    await heading(page, "A unit is set aside");
    const user = await system.ledger.users.findByName(name);
    expect(system.gate.accepted.at(-1)!.userId).toBe(user!.id);
  }

  async function logOut(page: Page): Promise<void> {
    await button(page, "Log out").click();
    await page.getByLabel("Name").waitFor();
  }

  test(
    "the next user buys products together with a token of their own",
    async () => {
      await using system = await startTestGateway();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      const busy = { error: "overloaded", message: "Too busy.", retryAfterSeconds: 0.001 };
      await page.route("**/check", (route) => route.fulfill({ status: 503, json: busy }));
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "That did not work");
      await page.unroute("**/check");
      await logOut(page);
      await register(page, "Bob");
      await page.getByText("The sale is open.").waitFor();
      await page.getByLabel("Speaker").check();
      await button(page, "Buy both products").click();
      await heading(page, "All are set aside");
      const bob = await system.ledger.users.findByName("Bob");
      expect(system.gate.accepted.map(({ userId }) => userId)).toEqual([bob!.id, bob!.id]);
    },
    timeoutMs,
  );

  for (const isBundle of [false, true]) {
    test(
      `an answer that comes after the log-out is not shown to the next user${isBundle ? ", of a bundle" : ""}`,
      async () => {
        await using system = await startTestGateway();
        await using opened = await openPage(browser(), system, address);
        const { page } = opened;
        await register(page, "Ada");
        const held = await holdBack(page, isBundle ? "**/check" : "**/check?*");
        if (isBundle) await page.getByLabel("Speaker").check();
        await button(page, isBundle ? "Buy both products" : "Buy now").click();
        await held.arrived;
        await logOut(page);
        await register(page, "Bob");
        await held.letThrough();
        expect(system.gate.accepted).toHaveLength(isBundle ? 2 : 1);
        await button(page, "Buy now").waitFor();
        await page.getByText("The sale is open.").waitFor();
        await buyFor("Bob", page, system);
      },
      timeoutMs,
    );
  }

  test(
    "another tab of the browser notices that its user has logged out, and buys for the next one",
    async () => {
      await using system = await startTestGateway();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      await register(page, "Ada");
      const other = await page.context().newPage();
      other.setDefaultTimeout(15_000);
      await other.goto(system.url + address);
      await other.getByText("Ada", { exact: true }).waitFor();
      await logOut(page);
      await other.getByLabel("Name").waitFor();
      await register(page, "Bob");
      await other.getByText("Bob", { exact: true }).waitFor();
      await other.getByLabel("Speaker").check();
      await button(other, "Buy both products").click();
      await heading(other, "All are set aside");
      const bob = await system.ledger.users.findByName("Bob");
      expect(system.gate.accepted.map(({ userId }) => userId)).toEqual([bob!.id, bob!.id]);
    },
    timeoutMs,
  );

  test(
    "what a user has chosen is not chosen for the next one",
    async () => {
      await using system = await startTestGateway();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await logOut(page);
      await register(page, "Bob");
      await page.getByText("The sale is open.").waitFor();
      expect(await page.getByLabel("Speaker").isChecked()).toBe(false);
    },
    timeoutMs,
  );

  test(
    "a token that comes after the log-out is not the next user's",
    async () => {
      await using system = await startTestGateway();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      const held = await holdBack(page, "**/api/token");
      await register(page, "Ada");
      await held.arrived;
      await logOut(page);
      await register(page, "Bob");
      await page.getByText("The sale is open.").waitFor();
      await held.letThrough();
      await buyFor("Bob", page, system);
    },
    timeoutMs,
  );

  test(
    "a session that has expired ends when a token is asked for with it",
    async () => {
      await using system = await startTestGateway();
      await using opened = await openPage(browser(), system, address);
      const { page } = opened;
      await register(page, "Ada");
      await page.getByLabel("Speaker").check();
      await page.context().clearCookies();
      await button(page, "Buy both products").click();
      await page.getByLabel("Name").waitFor();
      await register(page, "Bob");
      await page.getByText("The sale is open.").waitFor();
      expect(await page.getByLabel("Speaker").isChecked()).toBe(false);
    },
    timeoutMs,
  );
});
