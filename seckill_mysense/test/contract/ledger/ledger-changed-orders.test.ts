import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { defaultRetry, RetryingDatabase } from "../../../src/ledger/database/retrying-database.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { releaseCancelledSales } from "../../../src/ledger/sql/cancelled-sales.ts";
import { accept, createSale, payWithinMs, recordOrders, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`orders of sales that change on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    const nowMs = 100_000;
    const actor = "Ada";

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("an order that an older program recorded without a price has the price of its product", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const id = orders[0]!.reservationId;
      const database = new RetryingDatabase(place.open(), defaultRetry);
      const nothing = { product_name: null, price_minor: null, currency: null };
      await database.read((writer) =>
        writer.updateTable("orders").set(nothing).where("reservation_id", "=", id).execute(),
      );
      const priced = { productName: product.name, priceMinor: product.priceMinor, currency: product.currency };
      expect(await ledger.orders.read(id)).toMatchObject(priced);
    });

    test("two processes that release a cancelled sale at once leave no order behind", async () => {
      const { sale, product } = await createSale(ledger);
      const second = { ...product, id: unique("product") };
      const added = [{ ...second, total: 5 }];
      await ledger.changes.change(sale.id, { kind: "update", products: added }, { actor });
      const orders = [accept(product), accept(second)];
      await ledger.orders.record(orders, { payWithinMs });
      await ledger.changes.change(sale.id, { kind: "cancel" }, { actor });
      const database = new RetryingDatabase(place.open(), defaultRetry);
      const write = database.write.bind(database);
      let others = 0;
      // The other process comes between the reading and the lock, and releases the same product.
      database.write = async (work) => {
        if (others === 0) others = await ledger.orders.releaseCancelled(1);
        return write(work);
      };
      // Both processes found the first order, and one of them released it.
      expect(await releaseCancelledSales(database, () => nowMs, 100)).toBe(2);
      expect(others).toBe(1);
      const states = orders.map(async ({ reservationId }) => (await ledger.orders.read(reservationId))?.state);
      expect(await Promise.all(states)).toEqual(["cancelled", "cancelled"]);
    });
  });
}
