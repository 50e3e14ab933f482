import { describe, expect, test } from "bun:test";
import { startGateway } from "../../src/gateway/gateway.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { ledgerGate } from "../../src/ledger-gate/ledger-gate.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { renderReport } from "../../src/verify/verification-report.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { openTestLedger } from "../fakes/test-ledger.ts";

const noLimit = { rate_per_second: 0, burst: 1 };
const limits = {
  check_per_user: noLimit,
  check_per_address: noLimit,
  api_per_user: noLimit,
  login_per_address: noLimit,
};
const hourMs = 3_600_000;

/** A gateway in a sale in which the ledger decides, and a sweeper that sweeps when it is asked to. */
async function openSale(units: Readonly<Record<string, number>>, limitPerUser = 1) {
  const now = Date.now;
  const ledger = await openTestLedger(now);
  const sale = { id: "spring", title: "Spring", startsAtMs: now() - 1_000, endsAtMs: now() + hourMs };
  const products = Object.entries(units).map(([id, total]) => ({ ...testProduct, id, total, limitPerUser }));
  await ledger.changes.create(sale, products, { actor: "test", state: "published" });
  const gate = ledgerGate({ ...ledger, payWithinMs: hourMs });
  const settings = checkSettings(
    { backend: { host: "127.0.0.1", api_port: 0 }, gate: { mode: "ledger" }, limits },
    "/",
  );
  const health = new HealthBoard({ logger: silentLogger, now });
  const parts = { gate, ledger, settings, secrets: [testSecret], logger: silentLogger, health };
  const gateway = await startGateway({ ...parts, ...systemClock });
  const { orders, bundles, returns } = ledger;
  const sweeper = startSweeper({ orders, bundles, returns, gate, now, intervalMs: hourMs });
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    ledger,
    sweeper,
    buyer: async (name: string): Promise<TestBuyer> => {
      const buyer = new TestBuyer(url);
      await buyer.register(name);
      return buyer;
    },
    totals: async () => {
      const all = await Promise.all(Object.keys(units).map((id) => ledger.sales.readTotals(id)));
      return all.map((totals) => [totals!.reserved, totals!.sold]);
    },
    verify: async () => renderReport(await verifySale({ saleId: sale.id, ledger, gate })),
    async [Symbol.asyncDispose]() {
      await sweeper.stop();
      await gateway.stop(1_000);
      await ledger.close();
    },
  };
}

describe("bundles in a sale in which the ledger decides", () => {
  test("are won with the answer, and are paid and cancelled as a whole", async () => {
    await using sale = await openSale({ lamp: 4, sofa: 4 }, 2);
    const ada = await sale.buyer("Ada");
    const token = await ada.bundleToken({ productID: "sofa", quantity: 2 }, "lamp");
    const accepted = await ada.checkBundle(token);
    const id = accepted.body.reservation as string;
    expect([accepted.status, accepted.body.parts.length]).toEqual([202, 2]);
    const read = async (buyer: TestBuyer, of: string) => (await buyer.send("GET", `/api/reservations/${of}`)).body;
    expect(await read(ada, id)).toMatchObject({ status: "won", totalMinor: 3 * testProduct.priceMinor });
    const again = await ada.checkBundle(token);
    expect([again.status, again.body.status]).toEqual([200, "held"]);
    expect((await ada.send("POST", `/api/orders/${id}/pay`)).body.status).toBe("paid");
    expect(await sale.totals()).toEqual([
      [0, 1],
      [0, 2],
    ]);
    const bob = await sale.buyer("Bob");
    const other = (await bob.checkBundle(await bob.bundleToken("lamp", "sofa"))).body.reservation as string;
    expect((await bob.send("POST", `/api/orders/${other}/cancel`)).body.status).toBe("cancelled");
    await sale.sweeper.sweep();
    expect(await sale.totals()).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(await sale.verify()).toContain("no invariant is violated");
  });

  test("that cannot be had as a whole give back what they took, and their buyers are told so", async () => {
    await using sale = await openSale({ lamp: 2, sofa: 1 });
    const first = await sale.buyer("First");
    expect((await first.check("sofa", await first.token("sofa"))).status).toBe(202);
    const ada = await sale.buyer("Ada");
    const token = await ada.bundleToken("lamp", "sofa");
    const refused = await ada.checkBundle(token);
    expect([refused.status, refused.body.error, refused.body.productID]).toEqual([410, "sold_out", "sofa"]);
    const lamp = await ada.token("lamp");
    expect((await ada.check("lamp", lamp)).body.error).toBe("gate_closed");
    await sale.sweeper.sweep();
    expect(await sale.totals()).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect((await ada.check("lamp", lamp)).status).toBe(202);
    expect((await ada.checkBundle(token)).body.error).toBe("bundle_broken");
    expect(await sale.verify()).toContain("no invariant is violated");
  });

  test("of a crowd take every unit of the product that limits them, and no half bundle stays", async () => {
    await using sale = await openSale({ lamp: 12, sofa: 7 });
    const buyers = await Promise.all(Array.from({ length: 12 }, (_unused, index) => sale.buyer(`Buyer ${index}`)));
    const answers = await Promise.all(
      buyers.map(async (buyer) => (await buyer.checkBundle(await buyer.bundleToken("lamp", "sofa"))).status),
    );
    expect(answers.filter((status) => status === 202)).toHaveLength(7);
    expect(answers.filter((status) => status === 410)).toHaveLength(5);
    await sale.sweeper.sweep();
    expect(await sale.totals()).toEqual([
      [7, 0],
      [7, 0],
    ]);
    expect(await sale.verify()).toContain("no invariant is violated");
  });
});
