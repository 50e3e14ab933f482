import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { PendingReturn } from "../../../src/ledger/returns.ts";
import { accept, payWithinMs, pendingReturns, recordOrders } from "./ledger-fixtures.ts";
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
      await ledger.returns.markReturned(pending);
    });

    test("a unit goes back in the epoch in which it is released", async () => {
      const { product, orders } = await recordOrders(ledger, 3);
      await ledger.orders.cancel(orders[0]!.reservationId);
      await ledger.gates.raiseEpoch(product.id, 1);
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
      await ledger.returns.markReturned([orders[1]!, { ...orders[1]!, reservationId: "nothing" }]);
      await ledger.returns.markReturned([]);
      expect(await pendingReturns(ledger, product)).toEqual([ids[0]!, ids[2]!]);
    });

    test("returns of products that are left out do not hide those of the others", async () => {
      const [closed, open] = [await recordOrders(ledger, 3), await recordOrders(ledger, 1)];
      for (const { reservationId } of [...closed.orders, ...open.orders]) await ledger.orders.cancel(reservationId);
      expect(await ledger.returns.pending(2)).toHaveLength(2);
      expect(await ledger.returns.pending(2, [closed.product.id])).toMatchObject([{ productId: open.product.id }]);
    });

    test("a return that was renewed in a later epoch, while the gate answered the earlier one, is not taken for answered", async () => {
      const { product } = await recordOrders(ledger, 1);
      const late = accept(product, { epoch: 1 });
      await ledger.orders.reject([late]);
      const answered = await ledger.returns.pending(10_000);
      expect(answered).toMatchObject([{ reservationId: late.reservationId, epoch: 1 }]);
      await ledger.gates.raiseEpoch(product.id, 1);
      // A gateway sent the same reservation again, and the rebuilt gate accepted it: it takes another unit.
      await ledger.orders.record([{ ...late, epoch: 2 }], { payWithinMs });
      await ledger.returns.markReturned(answered);
      expect(await ledger.returns.pending(10_000)).toMatchObject([{ reservationId: late.reservationId, epoch: 2 }]);
    });

    test("an applied return raises the ledger's sequence in the gate's epoch, and never lowers it", async () => {
      const { product, orders } = await recordOrders(ledger, 3);
      for (const { reservationId } of orders) await ledger.orders.cancel(reservationId);
      const sequence = async () => (await ledger.gates.read([product.id]))[0]!.sequence;
      await ledger.returns.markReturned([
        { ...orders[0]!, gate: { epoch: 1, sequence: 7 } },
        { ...orders[1]!, gate: { epoch: 1, sequence: 9 } },
      ]);
      expect(await sequence()).toBe(9);
      await ledger.returns.markReturned([{ ...orders[2]!, gate: { epoch: 1, sequence: 8 } }]);
      await ledger.returns.markReturned([{ ...orders[2]!, gate: { epoch: 2, sequence: 80 } }]);
      expect(await sequence()).toBe(9);
    });

    test("a return that the gate answered in an epoch that has ended since is asked for again", async () => {
      const { product, orders } = await recordOrders(ledger, 2);
      for (const { reservationId } of orders) await ledger.orders.cancel(reservationId);
      // The gate falls back behind its answer, and is adopted in epoch 2 before the ledger hears of the answer.
      await ledger.gates.beginEpochs([{ id: product.id, epoch: 1 }]);
      const [first, second] = (await ledger.returns.pending(10_000)) as [PendingReturn, PendingReturn];
      await ledger.returns.markReturned([
        { ...first, gate: { epoch: 1, sequence: 5 } },
        { ...second, gate: { epoch: 2, sequence: 6 } },
      ]);
      expect(await ledger.returns.pending(10_000)).toMatchObject([{ reservationId: first.reservationId }]);
      expect(await ledger.gates.read([product.id])).toMatchObject([{ sequence: 6 }]);
    });
  });
}
