import { describe, expect, test } from "bun:test";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import type { GateStatus } from "../../src/gate/gate.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { GateArmer } from "../../src/roles/gate-armer.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";
import { testProduct } from "../fakes/test-gateway.ts";

const nowMs = 1_000_000;
const sale: Sale = { id: "spring", title: "Spring", startsAtMs: nowMs - 1, endsAtMs: nowMs + 1_000 };

/** An armer with an empty gate, and the reasons that it has logged. */
async function setUp(options: { product?: SaleProduct; ready?: number } = {}) {
  const product = options.product ?? testProduct;
  const ledger = sqliteLedger({ file: ":memory:" });
  await ledger.migrate();
  await ledger.sales.create(sale, [product]);
  const gate = new MemoryGate(() => nowMs);
  const reasons: string[] = [];
  const armer = new GateArmer({
    gate,
    audit: ledger.audit,
    queue: { depth: () => Promise.resolve({ ready: options.ready ?? 0, unacknowledged: 0 }) },
    logger: createLogger({ level: "warn", write: (line) => reasons.push(JSON.parse(line).reason), now: () => nowMs }),
    now: () => nowMs,
  });
  const status = (): Promise<GateStatus | undefined> => gate.status(sale.id, product.id);
  const ensure = async (at = sale): Promise<boolean> => armer.ensure(at, product, await status());
  return { product, ledger, gate, reasons, armer, ensure };
}

describe("the gate is", () => {
  test("armed with the whole stock of a product that is new", async () => {
    const { ensure, gate } = await setUp();
    expect(await ensure()).toBe(true);
    expect(gate.stocks.get(testProduct.id)?.available).toBe(testProduct.total);
    expect(await ensure()).toBe(true);
  });

  test("left closed when the ledger has an order, even one that was cancelled", async () => {
    const { ensure, gate, ledger, reasons } = await setUp();
    const reservation = { reservationId: "r1", saleId: sale.id, productId: testProduct.id, userId: "u1" };
    await ledger.orders.record([{ ...reservation, epoch: 1, acceptedAtMs: nowMs }], { payWithinMs: 1_000 });
    await ledger.orders.cancel("r1");
    expect(await ensure()).toBe(false);
    expect(await ensure()).toBe(false);
    expect(gate.stocks.size).toBe(0);
    expect(reasons).toEqual(["the gate knows nothing of the product, the ledger has 1 reservations of it"]);
  });

  test("left closed when it forgot a product that it knew", async () => {
    const { ensure, gate, reasons } = await setUp();
    await ensure();
    gate.stocks.clear();
    expect(await ensure()).toBe(false);
    expect(gate.stocks.size).toBe(0);
    expect(reasons).toEqual(["the gate knew the product a moment ago and knows it no longer"]);
  });

  test("left closed in mid-sale while reservations wait in the queue, and armed before the start all the same", async () => {
    const { ensure, reasons } = await setUp({ ready: 3 });
    expect(await ensure()).toBe(false);
    expect(reasons).toEqual(["the gate knows nothing of the product, 3 reservations are in the queue"]);
    expect(await ensure({ ...sale, startsAtMs: nowMs + 500 })).toBe(true);
  });

  test("left closed when its epoch is not the ledger's, or the ledger's is not the first", async () => {
    const later = await setUp({ product: { ...testProduct, epoch: 2 } });
    expect(await later.ensure()).toBe(false);
    await later.gate.arm(sale, testProduct, 1);
    expect(await later.ensure()).toBe(false);
    expect(later.reasons).toEqual([
      "the gate knows nothing of the product, the ledger is at epoch 2",
      "the gate is at epoch 1, the ledger at epoch 2",
    ]);
  });
});
