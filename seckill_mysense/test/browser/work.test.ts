import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startTestGateway } from "../fakes/test-gateway.ts";
import { browserForTests, desktop, look, openPage, password, phone, register, tablet } from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a browser computes something before a registration${service.reason}`, () => {
  const browser = browserForTests();

  test(
    "and the buyer is registered then",
    async () => {
      await using system = await startTestGateway({ accounts: { work: "on", work_level: 0 } });
      for (const name of ["Ada", "Ольга"]) {
        await using opened = await openPage(browser(), system, address);
        await register(opened.page, name);
        expect(await system.ledger.users.findByName(name)).toBeDefined();
        expect(opened.complaints).toEqual([]);
      }
    },
    timeoutMs,
  );

  test(
    "and says how long it takes, while the page can be used",
    async () => {
      await using system = await startTestGateway({ accounts: { work: "on", work_level: 11 } });
      for (const viewport of [phone, tablet, desktop]) {
        await using opened = await openPage(browser(), system, address, viewport);
        const { page } = opened;
        await page.getByLabel("Name").fill("Ada");
        await page.getByLabel("Password").fill(password);
        await page.getByRole("button", { name: "Register" }).click();
        await page
          .getByText(/Your browser computes something, so that nobody registers thousands: about \d+ min\./)
          .waitFor();
        expect(await page.getByRole("button", { name: "Register" }).isDisabled()).toBe(true);
        await look(page, "work");
        expect(opened.complaints).toEqual([]);
      }
      expect(await system.ledger.users.findByName("Ada")).toBeUndefined();
    },
    timeoutMs,
  );
});
