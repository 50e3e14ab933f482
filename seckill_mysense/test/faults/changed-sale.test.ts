import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { SaleService } from "../../src/sales/sale-service.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { type Asked, type Buyer, gatherBuyers, whatAskersWereTold } from "../simulation/crowd.ts";
import { openShop, type Shop } from "./changing-shop.ts";
import { untilVerified } from "./until-verified.ts";

const services = (["redis", "mariadb"] as const).map(requireService);
const missing = services.some((service) => service.missing);
const reason = services.map((service) => service.reason).join("");
const timeoutMs = 90_000;
const patienceMs = 20_000;
const actor = "the merchant";
const hourMs = 3_600_000;

/** A running sale of one product, armed and known to both gateways. */
async function startSale(shop: Shop, total: number): Promise<SaleProduct> {
  const sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + hourMs };
  const product = { ...testProduct, saleId: sale.id, total };
  await shop.service.create(sale, [product], { actor, state: "published" });
  await waitUntil(async () => (await shop.gate.status(sale.id, product.id)) !== undefined, {
    what: "the gate to be armed",
    timeoutMs: patienceMs,
  });
  for (const url of [shop.eastUrl, shop.westUrl]) {
    await waitUntil(async () => (await fetch(`${url}/api/sales/spring`)).status === 200, {
      what: "the gateway to know the sale",
      timeoutMs: patienceMs,
    });
  }
  return product;
}

function buyersOf(product: SaleProduct, count: number): Buyer[] {
  const times = { startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + hourMs };
  return gatherBuyers({ secret: testSecret, saleId: product.saleId, productId: product.id, ...times }, count);
}

async function ask(url: string, { token }: Buyer): Promise<{ status: number; error: string | undefined }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/check?productID=${testProduct.id}`, { method: "POST", headers });
  const { error } = (await answer.json()) as { error?: string };
  return { status: answer.status, error };
}

/** Waits until the ledger has an order for each unit. */
async function untilSoldOut(shop: Shop, product: SaleProduct): Promise<void> {
  await waitUntil(
    async () => {
      const totals = (await shop.ledger.sales.readTotals(product.id))!;
      return totals.reserved + totals.sold === totals.total;
    },
    { what: "every unit to be sold", timeoutMs: 30_000 },
  );
}

async function expectVerified(
  { ledger, gate, queue, eastUrl }: Shop,
  { asked, demandLeft }: { readonly asked: readonly Asked[]; readonly demandLeft: boolean },
): Promise<void> {
  const told = await whatAskersWereTold(() => eastUrl, asked);
  await untilVerified({ saleId: "spring", ledger, gate, queue, told, atRest: true, demandLeft }, 20_000);
}

const heldBy = ({ token, reservationId }: Buyer): Asked => ({ token, held: reservationId });

describe.skipIf(missing)(`a sale that changes while it runs${reason}`, () => {
  test(
    "more and fewer units, a pause and a later end keep every promise, though a gateway is cut off from the ledger",
    async () => {
      await using shop = await openShop();
      const product = await startSale(shop, 40);
      const restock = (units: number) =>
        shop.service.change("spring", { kind: "restock", productId: product.id, units }, { actor });
      let isOver = false;
      const accepted = new Set<Buyer>();
      const buyers = buyersOf(product, 150);
      const crowd = buyers.map(async (buyer, index) => {
        const url = index % 2 === 0 ? shop.eastUrl : shop.westUrl;
        for (;;) {
          const { status } = await ask(url, buyer);
          if (status === 202 || status === 200) return void accepted.add(buyer);
          expect([410, 503]).toContain(status);
          if (isOver) return undefined;
          await Bun.sleep(20);
        }
      });

      await shop.service.change("spring", { kind: "pause", productId: undefined }, { actor });
      // The gate has the pause, so that no gateway sells from now on, whatever it knows.
      const before = (await shop.gate.status("spring", product.id))!.available;
      await Promise.all([ask(shop.eastUrl, buyersOf(product, 1)[0]!), Bun.sleep(200)]);
      expect((await shop.gate.status("spring", product.id))!.available).toBe(before);
      await shop.service.change("spring", { kind: "resume", productId: undefined }, { actor });
      await restock(10);

      shop.westLedgerLine.cut();
      await restock(15);
      await waitUntil(async () => (await shop.gate.status("spring", product.id))!.available === 0, {
        what: "the units to be gone",
        timeoutMs: patienceMs,
      });
      await expect(restock(-5)).rejects.toThrow(/units (is|cannot be) 60/);
      const soldBefore = accepted.size;
      await restock(4);
      await waitUntil(() => Promise.resolve(accepted.size > soldBefore), {
        what: "more buyers to be accepted",
        timeoutMs: patienceMs,
      });
      const ready = await waitForProblem(shop, "catalogue");
      expect(ready).toBe(200);
      await shop.service.change("spring", { kind: "extend", endsAtMs: Date.now() + 2 * hourMs }, { actor });
      shop.westLedgerLine.heal();
      await waitUntil(
        async () => {
          const { sale } = (await (await fetch(`${shop.westUrl}/api/sales/spring`)).json()) as {
            sale: { endsAtMs: number };
          };
          return sale.endsAtMs > Date.now() + 1.5 * hourMs;
        },
        { what: "the gateway that was cut off to know the later end", timeoutMs: 20_000 },
      );
      await untilSoldOut(shop, product);
      isOver = true;
      await Promise.all(crowd);
      expect(accepted.size).toBe(69);
      const asked = buyers.map((buyer) => (accepted.has(buyer) ? heldBy(buyer) : { ...buyer, held: undefined }));
      await expectVerified(shop, { asked, demandLeft: true });
    },
    timeoutMs,
  );

  for (const point of ["before the gate", "after the gate"] as const) {
    test(
      `fewer units of a process that died ${point} had taken them out are carried out by the gateways`,
      async () => {
        await using shop = await openShop();
        const product = await startSale(shop, 10);
        const [buyer] = buyersOf(product, 1);
        expect((await ask(shop.eastUrl, buyer!)).status).toBe(202);
        await dieLowering(shop, product, { point, units: -6 });
        await waitUntil(async () => (await shop.ledger.sales.readTotals(product.id))!.total === 4, {
          what: "the ledger's total to fall",
          timeoutMs: patienceMs,
        });
        await waitUntil(async () => (await shop.gate.status("spring", product.id))!.total === 4, {
          what: "the gate's total to fall",
          timeoutMs: patienceMs,
        });
        expect((await shop.gate.status("spring", product.id))!.available).toBe(3);
        await expectVerified(shop, { asked: [heldBy(buyer!)], demandLeft: false });
      },
      timeoutMs,
    );
  }

  test(
    "fewer units than buyers have left are refused, also when the process died that asked for them",
    async () => {
      await using shop = await openShop();
      const product = await startSale(shop, 4);
      shop.westLedgerLine.cut();
      // Gone at the gate, and not yet in the ledger for all that the ledger knows.
      const buyers = buyersOf(product, 3);
      for (const buyer of buyers) expect((await ask(shop.eastUrl, buyer)).status).toBe(202);
      await dieLowering(shop, product, { point: "before the gate", units: -4 }).catch(() => undefined);
      await waitUntil(async () => (await shop.ledger.changes.read("spring"))!.products[0]!.lowering === undefined, {
        what: "the lowering to be settled",
        timeoutMs: patienceMs,
      });
      expect((await shop.ledger.sales.readTotals(product.id))!.total).toBe(4);
      await expectVerified(shop, { asked: buyers.map(heldBy), demandLeft: false });
      const refused = shop.service.change("spring", { kind: "restock", productId: product.id, units: -2 }, { actor });
      await expect(refused).rejects.toThrow(/units (is|cannot be) 2/);
    },
    timeoutMs,
  );
});

/** Waits until the gateway in the west knows that a part is not well, and gives its public readiness then. */
async function waitForProblem({ westHealth, westUrl }: Shop, part: string): Promise<number> {
  await waitUntil(() => westHealth.parts.some(({ name, status }) => name === part && status !== "ok"), {
    what: `${part} to be named as not well`,
    timeoutMs: 20_000,
  });
  return (await fetch(`${westUrl}/readyz`)).status;
}

/** A change by a process that ends at a point of its way. */
async function dieLowering(
  shop: Shop,
  product: SaleProduct,
  { point, units }: { readonly point: "before the gate" | "after the gate"; readonly units: number },
): Promise<void> {
  const dying: Pick<Gate, "amend"> = {
    async amend(sale, changed) {
      if (point === "after the gate") await shop.gate.amend(sale, changed);
      throw new Error("the process died");
    },
  };
  const { changes, orders, gates } = shop.ledger;
  const service = new SaleService({ changes, orders, gates, gate: dying });
  const change = service.change("spring", { kind: "restock", productId: product.id, units }, { actor });
  await expect(change).rejects.toThrow("the process died");
}
