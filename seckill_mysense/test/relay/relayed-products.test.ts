import { expect, test } from "bun:test";
import { relayedProducts } from "../../src/relay/relayed-products.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { openTestLedger } from "../fakes/test-ledger.ts";

test("a product that is added to a known sale is relayed", async () => {
  const ledger = await openTestLedger(Date.now);
  const sale = makeSale();
  const product = makeProduct(sale);
  const added = makeProduct(sale);
  await ledger.sales.create(sale, [product]);
  const list = relayedProducts(ledger.changes, Date.now);
  expect((await list()).map(({ id }) => id)).toEqual([product.id]);
  await ledger.changes.change(sale.id, { kind: "update", products: [added] }, { actor: "test" });
  expect((await list()).map(({ id }) => id)).toEqual([product.id, added.id]);
  await ledger.close();
});

test("a sale is relayed from shortly before its start, and that a start was moved is noticed", async () => {
  let nowMs = 1_000_000;
  const ledger = await openTestLedger(() => nowMs);
  const sale = makeSale({ startsAtMs: nowMs + 120_000 });
  const product = makeProduct(sale);
  await ledger.sales.create(sale, [product]);
  const list = relayedProducts(ledger.changes, () => nowMs);
  expect(await list()).toEqual([]);
  nowMs += 60_000;
  expect((await list()).map(({ id }) => id)).toEqual([product.id]);
  await ledger.changes.change(sale.id, { kind: "update", startsAtMs: nowMs + 90_000 }, { actor: "test" });
  expect(await list()).toEqual([]);
  nowMs = sale.endsAtMs + 8 * 24 * 3_600_000;
  expect(await list()).toEqual([]);
  await ledger.close();
});
