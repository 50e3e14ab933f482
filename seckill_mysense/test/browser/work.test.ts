import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway } from "../fakes/test-gateway.ts";
import { RoomShop } from "../gateway/room-shop.ts";
import { browserForTests, button, desktop, look, openPage, password, phone, register, tablet } from "./sale-browser.ts";

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

describe.skipIf(service.missing)(
  `a browser computes something before a login while the risk is raised${service.reason}`,
  () => {
    const browser = browserForTests();
    const limits = { risk_name_failures: { free: 0, forgotten_per_second: 0.0001 } };

    async function openLogin(system: TestGateway, name: string, viewport = desktop) {
      const opened = await openPage(browser(), system, address, viewport);
      const { page } = opened;
      await page.getByText("Log in", { exact: true }).click();
      await page.getByLabel("Name").fill(name);
      const submit = async (text: string): Promise<void> => {
        await page.getByLabel("Password").fill(text);
        await page.getByRole("button", { name: "Log in" }).click();
      };
      return { ...opened, submit, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
    }

    test(
      "and the buyer is logged in then, without doing anything for it",
      async () => {
        const accounts = { step_up: "on", step_up_level: 0, step_up_max_level: 1 };
        await using system = await startTestGateway({ accounts, limits });
        await new TestBuyer(system.url).register("Ada", password);
        await using opened = await openLogin(system, "Ada");
        const { page, submit } = opened;
        await submit("a wrong password");
        await page.getByText("No user has this name and password.").waitFor();
        await submit(password);
        await page.getByRole("button", { name: "Log out", exact: true }).waitFor();
        expect(await system.gateway.metricsText()).toContain('seckill_step_up_outcomes_total{outcome="passed"} 1');
      },
      timeoutMs,
    );

    test(
      "and says how long it takes, in a line that screen readers read",
      async () => {
        const accounts = { step_up: "on", step_up_level: 11, step_up_max_level: 11 };
        await using system = await startTestGateway({ accounts, limits });
        for (const viewport of [phone, tablet, desktop]) {
          await using opened = await openLogin(system, "Ada", viewport);
          const { page, submit } = opened;
          await submit("a wrong password");
          if (viewport === phone) {
            await page.getByText("No user has this name and password.").waitFor();
            await submit("another one");
          }
          const line = page.getByRole("status").filter({
            hasText:
              /Your browser computes something, so that nobody guesses passwords by the thousand: about \d+ min\./,
          });
          await line.waitFor();
          await look(page, "login-work");
        }
      },
      timeoutMs,
    );
  },
);

describe.skipIf(service.missing)(
  `a browser computes something before it enters a waiting room${service.reason}`,
  () => {
    const browser = browserForTests();

    test(
      "while its address uses many accounts, and says so",
      async () => {
        const limits = { risk_address_accounts: { free: 0, forgotten_per_second: 0.0001 } };
        for (const level of [0, 11]) {
          const accounts = { step_up: "on", step_up_level: level, step_up_max_level: level };
          await using shop = await RoomShop.open({}, { accounts, limits });
          await shop.goTo(shop.opensAtMs);
          for (const viewport of level === 0 ? [desktop] : [phone, tablet, desktop]) {
            await using opened = await openPage(browser(), shop, address, viewport);
            const { page } = opened;
            await register(page, `Ada ${viewport.width}`);
            await button(page, "Enter").click();
            if (level === 0) {
              await page.getByText(/Your entry is number 1\./).waitFor();
              continue;
            }
            const text = /Your browser computes something, so that nobody enters with many accounts: about \d+ min\./;
            await page.getByRole("status").filter({ hasText: text }).waitFor();
            expect(await button(page, "Enter").isDisabled()).toBe(true);
            await look(page, "room-work");
          }
        }
      },
      timeoutMs,
    );
  },
);
