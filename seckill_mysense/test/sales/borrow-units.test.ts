import { expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { borrowUnits } from "../../src/sales/borrow-units.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

test("units for those who wait come from a bucket that can give them, although a fuller one is still to get units", async () => {
  const ledger = sqliteLedger({ file: ":memory:" });
  await ledger.migrate();
  const { changes, gates } = ledger;
  const gate = new MemoryGate();
  const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
  const buckets = splitIntoBuckets(makeProduct(sale, { total: 40 }), 4);
  const created = await changes.create(sale, buckets, { actor: "the merchant", state: "published" });
  for (const bucket of created.products) {
    await gates.noteArmed([bucket.id], 1);
    await gate.arm(created.sale, bucket, bucket.total);
  }
  const [waited, fullest, other, frozen] = buckets.map(({ id }) => id) as [string, string, string, string];
  // The node of the giving bucket does not answer, so this move stays undone.
  await changes.askForMove({ from: frozen, to: fullest, units: 2 });
  gate.stocks.get(waited)!.available = 0;
  gate.stocks.get(other)!.available = 4;
  await borrowUnits({ gate, changes }, { sale: created.sale, product: created.products[0]! }, 1);
  expect([waited, fullest, other].map((id) => gate.stocks.get(id)!.available)).toEqual([1, 10, 3]);
  await ledger.close();
});
