import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { InvitedShop } from "../gateway/invited-shop.ts";
import { browserForTests, button, heading, look, lookEverywhere, openPage, phone, register } from "./sale-browser.ts";

const service = requireService("chromium");
const timeoutMs = 60_000;
const address = "/check?productID=headphones";

describe.skipIf(service.missing)(`a sale for invited users on the page${service.reason}`, () => {
  const browser = browserForTests();

  test(
    "asks for the code, says why one is refused, takes one from a link, and then sells",
    async () => {
      await using shop = await InvitedShop.open();
      await using opened = await openPage(browser(), shop, address);
      const { page, complaints } = opened;
      await register(page, "Ada");
      await page.getByLabel("Your invitation code").waitFor();
      expect(await button(page, "Buy now").isVisible()).toBe(false);
      await lookEverywhere(page, "code-asked");
      await page.getByLabel("Your invitation code").fill("v1.made.up");
      await button(page, "Use the code").click();
      await page.getByText("This is no invitation code of this sale.").waitFor();
      await page.setViewportSize(phone);
      await look(page, "code-refused");
      await page.getByLabel("Your invitation code").fill(await shop.code());
      await button(page, "Use the code").click();
      await button(page, "Buy now").click();
      await heading(page, "A unit is set aside");

      await using linked = await openPage(browser(), shop, `${address}#code=${await shop.code()}`);
      await register(linked.page, "Bob");
      await button(linked.page, "Buy now").waitFor();
      expect(await linked.page.getByLabel("Your invitation code").isVisible()).toBe(false);
      await button(linked.page, "Log out").click();
      // The code of the link is Bob's now.
      await register(linked.page, "Eve");
      await linked.page.getByText("Another user has used this invitation code.").waitFor();
      expect([...complaints, ...linked.complaints]).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "shows the sale that the link of a code names, and hands the code in to no other one",
    async () => {
      await using shop = await InvitedShop.open();
      const autumn = {
        id: "autumn",
        title: "Autumn sale",
        startsAtMs: Date.now() - 120_000,
        invitedOnly: true as const,
      };
      const product = { ...testProduct, id: "coat", name: "Coat", saleId: autumn.id };
      await shop.shop.ledger.sales.create({ ...autumn, endsAtMs: Date.now() + 3_600_000 }, [product]);
      await shop.shop.gateway.stock.catalogue.refresh();
      const link = new URLSearchParams({ code: await shop.code(), saleID: testProduct.saleId }).toString();

      await using other = await openPage(browser(), shop, `/check?productID=coat#${link}`);
      await register(other.page, "Ada");
      await other.page.getByText("Autumn sale is for invited people.").waitFor();
      expect(await other.page.getByLabel("Your invitation code").inputValue()).toBe("");
      await lookEverywhere(other.page, "code-of-another-sale");

      // Without the link the page would show the sale that began first.
      await using linked = await openPage(browser(), shop, `/check#${link}`);
      await register(linked.page, "Bob");
      await linked.page.getByText("Spring sale", { exact: true }).waitFor();
      await button(linked.page, "Buy now").waitFor();

      await using unknown = await openPage(browser(), shop, "/check#code=v1.a.b&saleID=winter");
      await unknown.page.getByText("There is no sale winter.").waitFor();
      expect([...other.complaints, ...linked.complaints, ...unknown.complaints]).toEqual([]);
    },
    timeoutMs,
  );
});
