import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { payWithinMs, pendingReturns, recordOrders } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`returns in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    const nowMs = 100_000;
    const dueMs = nowMs + payWithinMs;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    /** Otherwise the returns of earlier tests would come first. */
    beforeEach(async () => {
      const pending = await ledger.returns.pending(10_000);
      await ledger.returns.markReturned(pending.map(({ reservationId }) => reservationId));
    });

    test("a unit goes back in the epoch in which it is released", async () => {
      const { product, orders } = await recordOrders(ledger, 3);
      await ledger.orders.cancel(orders[0]!.reservationId);
      await ledger.sales.raiseEpoch(product.id, 1);
      await ledger.orders.cancel(orders[1]!.reservationId);
      await ledger.orders.expireUnpaid(dueMs + 1, 10);
      const returns = (await ledger.returns.pending(10_000)).filter((one) => one.productId === product.id);
      expect(returns.map(({ reservationId, epoch }) => [reservationId, epoch])).toEqual([
        [orders[0]!.reservationId, 1],
        [orders[1]!.reservationId, 2],
        [orders[2]!.reservationId, 2],
      ]);
    });

    test("returns are given oldest first until they are marked", async () => {
      const { product, orders } = await recordOrders(ledger, 3);
      for (const { reservationId } of orders) await ledger.orders.cancel(reservationId);
      const ids = orders.map((order) => order.reservationId);
      expect(await pendingReturns(ledger, product)).toEqual(ids);
      expect(await ledger.returns.pending(1)).toHaveLength(1);
      await ledger.returns.markReturned([ids[1]!, "nothing"]);
      await ledger.returns.markReturned([]);
      expect(await pendingReturns(ledger, product)).toEqual([ids[0]!, ids[2]!]);
    });
  });
}
