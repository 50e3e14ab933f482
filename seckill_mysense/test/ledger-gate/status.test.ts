import { expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import { ledgerGate } from "../../src/ledger-gate/ledger-gate.ts";
import { createSale, makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { recordingLedger } from "../ledger/recording-ledger.ts";

const payWithinMs = 60_000;

test("the status of a product that the ledger sells costs the same, however many orders there are", async () => {
  const { ledger, statements } = await recordingLedger();
  const gate = ledgerGate({ ...ledger, payWithinMs });
  const { sale, product } = await createSale(ledger, { total: 10 });
  for (let user = 0; user < 3; user++) {
    const request = { saleId: sale.id, productId: product.id, userId: `user${user}`, reservationId: `order${user}` };
    expect((await gate.reserve(request, { minEpoch: 1 })).kind).toBe("accepted");
  }
  const before = (await gate.status(sale.id, product.id))!;
  await ledger.orders.cancel("order0");
  statements.length = 0;
  const after = (await gate.status(sale.id, product.id))!;
  // Readers see by it that a unit may have come back.
  expect(after.returns).toBeGreaterThan(before.returns);
  expect(statements.length).toBeGreaterThan(0);
  for (const statement of statements) expect(statement).not.toMatch(/count\s*\(|\borders\b/);
  await ledger.close();
});

test("units on their way to another bucket are no part of the total, as at a gate", async () => {
  const { ledger } = await recordingLedger();
  const gate = ledgerGate({ ...ledger, payWithinMs });
  const sale = makeSale();
  const buckets = splitIntoBuckets(makeProduct(sale, { total: 10 }), 2);
  await ledger.changes.create(sale, buckets, { actor: "the merchant", state: "published" });
  const [from, to] = buckets.map(({ id }) => id) as [string, string];
  const asked = (await ledger.changes.askForMove({ from, to, units: 5 }))!;
  expect(await gate.status(sale.id, from)).toMatchObject({ available: 0, total: 0 });
  expect(await gate.status(sale.id, to)).toMatchObject({ available: 5, total: 5 });
  const lowering = { productId: from, epoch: 1, since: asked.product.lowering!.since };
  await ledger.changes.settleLowering(lowering, "applied");
  expect(await gate.status(sale.id, to)).toMatchObject({ available: 10, total: 10 });
  await ledger.close();
});
