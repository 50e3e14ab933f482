import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { Invitations } from "../../src/authorization/invitations.ts";
import { startTestGateway, type TestGateway, testProduct, testSecret } from "../fakes/test-gateway.ts";
import {
  browserForTests,
  button,
  desktop,
  heading,
  openPage,
  overflows,
  password,
  phone,
  register,
} from "./sale-browser.ts";

const service = requireService("chromium");

describe.skipIf(service.missing)(`the sale page${service.reason}`, () => {
  const browser = browserForTests();

  const recordAll = (system: TestGateway) =>
    system.ledger.orders.record(system.gate.accepted, { payWithinMs: 900_000 });

  /** The state of every order of the sale. */
  async function statesOf(system: TestGateway): Promise<string[]> {
    const audit = await system.ledger.audit.auditSale(testProduct.saleId);
    return audit!.products.flatMap(({ orders }) =>
      Object.entries(orders).flatMap(([state, count]) => Array<string>(count).fill(state)),
    );
  }

  for (const viewport of [phone, desktop]) {
    test(`leads a buyer at ${viewport.width} pixels from the countdown to a paid order`, async () => {
      // The server's clock jumps to the start, so that the test neither waits nor comes too late.
      let aheadMs = 0;
      const startsAtMs = Date.now() + 3_600_000;
      await using system = await startTestGateway({
        sale: { startsAtMs, endsAtMs: startsAtMs + 3_600_000 },
        now: () => Date.now() + aheadMs,
      });
      await using opened = await openPage(browser(), system, "/check?productID=headphones", viewport);
      const { page } = opened;
      await page.getByRole("timer", { name: "Starts in" }).waitFor();
      expect(await overflows(page)).toBe(false);
      await register(page, "Ada");
      const buy = page.getByRole("button", { name: "Buy now" });
      await page.getByText("You are ready: you can buy as soon as the sale starts.").waitFor();
      expect(await buy.isDisabled()).toBe(true);
      aheadMs = 3_600_000;
      await page.getByRole("timer", { name: "Ends in" }).waitFor();
      await buy.click();
      await heading(page, "A unit is set aside");
      expect(system.gate.accepted).toHaveLength(1);
      await recordAll(system);
      await heading(page, "You won it");
      expect(await page.getByText(/left to pay$/).textContent()).toMatch(/^1[45]:\d\d left to pay$/);
      await page.getByRole("button", { name: "Pay now" }).click();
      await heading(page, "Paid: it is yours");
      expect(await page.evaluate<string>("document.activeElement.id")).toBe("outcome");
      expect(await overflows(page)).toBe(false);
      expect(await statesOf(system)).toEqual(["paid"]);
      expect(opened.complaints).toEqual([]);
    });
  }

  test("registers an invited person by the link of the invitation, and says to others what they lack", async () => {
    await using system = await startTestGateway({
      backend: { internal_secret: "internal-secret-0123456789-abcdefghijklmno" },
      accounts: { registration: "invitation" },
    });
    const invitation = new Invitations([testSecret]).issue({ personId: "ada", expiresAtMs: Date.now() + 3_600_000 });
    const address = "/check?productID=headphones";
    await using invited = await openPage(browser(), system, `${address}#invitation=${invitation}`);
    await register(invited.page, "Ada");
    await invited.page.getByRole("button", { name: "Buy now" }).click();
    await heading(invited.page, "A unit is set aside");
    expect(invited.complaints).toEqual([]);
    await using other = await openPage(browser(), system, address);
    await other.page.getByLabel("Name").fill("Eve");
    await other.page.getByLabel("Password").fill(password);
    await other.page.getByRole("button", { name: "Register" }).click();
    await other.page.getByText("Only who has an invitation may register and buy here.").waitFor();
  });

  test("can be used with the keyboard alone", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    // A hidden field takes no focus: the page shows the form once it has read the sales.
    await page.getByLabel("Name").waitFor();
    await page.getByLabel("Name").focus();
    await page.keyboard.type("Ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.getByText("The sale is open.").waitFor();
    await page.getByRole("button", { name: "Buy now" }).focus();
    await page.keyboard.press("Enter");
    await heading(page, "A unit is set aside");
    expect(await page.evaluate<string>("document.activeElement.id")).toBe("outcome");
  });

  test("finds a reservation again after it was closed", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    await register(page, "Ada");
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "A unit is set aside");
    await page.reload();
    await heading(page, "A unit is set aside");
    await recordAll(system);
    await heading(page, "You won it");
  });

  test("says sold out, and lets the buyer have a unit that comes back", async () => {
    await using system = await startTestGateway();
    const stock = system.gate.stocks.get("headphones")!;
    stock.available = 0;
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    await register(page, "Ada");
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "Sold out");
    await page.getByText("Sold out: none of 2 left").waitFor();
    stock.available = 1;
    await system.gateway.catalogue.refresh();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "A unit is set aside");
  });

  test("lets a buyer give a won unit back", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    await register(page, "Ada");
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "A unit is set aside");
    await recordAll(system);
    await button(page, "Give it back").click();
    await button(page, "Keep it").click();
    await heading(page, "You won it");
    await button(page, "Give it back").click();
    await page.keyboard.press("Escape");
    await heading(page, "You won it");
    await button(page, "Give it back").click();
    await button(page, "Yes, give it back").click();
    await heading(page, "Given back");
    expect(await statesOf(system)).toEqual(["cancelled"]);
  });

  test("says what is wrong with a name or a password, and logs out and in again", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    const alert = page.getByRole("alert");
    await page.getByLabel("Name").fill("A");
    await page.getByRole("button", { name: "Register" }).click();
    expect(await alert.textContent()).toBe("A name has 2 characters or more.");
    await register(page, "Ada");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("Log in", { exact: true }).click();
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("Password").fill("wrong password");
    await page.getByRole("button", { name: "Log in" }).click();
    await alert.getByText("No user has this name and password.").waitFor();
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("button", { name: "Log out" }).waitFor();
  });

  test("shows what others wrote as text, whatever it looks like", async () => {
    await using system = await startTestGateway();
    const name = '<img src="x" onerror="document.title=1"><script>document.title=1</script>';
    await system.ledger.sales.create({ id: "evil", title: name, startsAtMs: 0, endsAtMs: Date.now() + 3_600_000 }, [
      { ...testProduct, id: "evil", saleId: "evil", name },
    ]);
    await system.gateway.catalogue.refresh();
    await using opened = await openPage(browser(), system, "/check?productID=evil");
    const { page } = opened;
    await heading(page, name);
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.title()).toBe(`${name} · ${name}`);
    await page.goto(`${system.url}/check?productID=${encodeURIComponent(name)}`);
    await page.getByText(`There is no product ${name} in any sale.`).waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test("takes a buyer through a crowd: refused for a while, it asks again with the same token", async () => {
    await using system = await startTestGateway();
    for (let attempt = 0; attempt < 3; attempt++) system.gate.scripted.push(() => Promise.resolve({ kind: "closed" }));
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    await register(page, "Ada");
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "Asking for a unit");
    await heading(page, "A unit is set aside");
    expect(system.gate.accepted).toHaveLength(1);
    expect(system.gate.reserveCalls).toBe(4);
  }, 30_000);

  test("sells a second unit where the limit is two, and no third", async () => {
    await using system = await startTestGateway();
    const times = { startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
    const sale = { id: "pairs", title: "Pairs", ...times };
    const product = { ...testProduct, id: "pair", saleId: sale.id, total: 5, limitPerUser: 2 };
    await system.ledger.sales.create(sale, [product]);
    await system.gate.arm(sale, product, product.total);
    await system.gateway.catalogue.refresh();
    await using opened = await openPage(browser(), system, "/check?productID=pair");
    const { page, complaints } = opened;
    await register(page, "Ada");
    const buyOne = async (): Promise<void> => {
      await page.getByRole("button", { name: "Buy now" }).click();
      await heading(page, "A unit is set aside");
      await recordAll(system);
      await page.getByRole("button", { name: "Pay now" }).click();
      await heading(page, "Paid: it is yours");
    };
    await buyOne();
    await page.reload();
    await page.getByRole("button", { name: "Buy another" }).click();
    await page.getByText("You have 1 of 2 units.").waitFor();
    await buyOne();
    expect(system.gate.accepted).toHaveLength(2);
    expect(await page.getByRole("button", { name: "Buy another" }).count()).toBe(0);
    await page.reload();
    await heading(page, "Paid: it is yours");
    expect(await page.getByRole("button", { name: "Buy another" }).count()).toBe(0);
    expect(await overflows(page)).toBe(false);
    expect(complaints).toEqual([]);
  }, 30_000);

  test("says when the sale is paused, and when it is cancelled", async () => {
    await using system = await startTestGateway();
    const change = async (kind: "pause" | "resume" | "cancel"): Promise<void> => {
      await system.ledger.changes.change("spring", { kind, productId: undefined }, { actor: "test" });
      await system.gateway.catalogue.refresh();
    };
    await change("pause");
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    const { page } = opened;
    await register(page, "Ada");
    await page.getByText("The sale is paused.").waitFor();
    expect(await page.getByRole("button", { name: "Buy now" }).isDisabled()).toBe(true);
    await change("resume");
    await page.getByText("The sale is open.").waitFor();
    await page.getByRole("button", { name: "Buy now" }).click();
    await heading(page, "A unit is set aside");
    await recordAll(system);
    await heading(page, "You won it");
    await change("cancel");
    await system.ledger.orders.releaseCancelled(10);
    await page.reload();
    await heading(page, "The sale was cancelled");
    await page.getByText("Your order is cancelled. You have nothing to pay.").waitFor();
    for (const name of ["Try again", "Buy now"]) expect(await page.getByRole("button", { name }).count()).toBe(0);
  }, 30_000);

  test("asks again and again for what changes in its own sale, and for nothing else", async () => {
    await using system = await startTestGateway();
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    await opened.page.waitForLoadState("networkidle");
    const asked: string[] = [];
    opened.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const live = () => opened.page.waitForResponse((response) => response.url().endsWith("/api/sales/spring/live"));
    await live();
    await live();
    expect(new Set(asked)).toEqual(new Set(["/api/sales/spring/live"]));
    expect(await system.gateway.metricsText()).toContain("GET /api/sales/:id/live 304");
    // The description is read anew only when it has changed.
    await system.ledger.changes.change(
      "spring",
      { kind: "extend", endsAtMs: Date.now() + 7_200_000 },
      { actor: "test" },
    );
    await system.gateway.catalogue.refresh();
    await opened.page.waitForResponse((response) => response.url().includes("/api/sales/spring/description?version="));
    await live();
    expect(await system.gateway.metricsText()).toContain("GET /api/sales/:id/description 200");
    expect(asked.filter((path) => path.endsWith("/description"))).toHaveLength(1);
  });

  test("says when the sale is over", async () => {
    await using system = await startTestGateway({ sale: { endsAtMs: Date.now() - 1_000 } });
    await using opened = await openPage(browser(), system, "/check?productID=headphones");
    await heading(opened.page, "The sale is over");
    expect(await opened.page.getByRole("button", { name: "Buy now" }).count()).toBe(0);
  });
});
