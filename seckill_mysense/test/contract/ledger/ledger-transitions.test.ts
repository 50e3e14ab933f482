import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { accept, payWithinMs, pendingReturns, recordOrders } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`paying, cancelling and expiring on ${kind.name}${kind.skipped}`, () => {
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

    /** Otherwise unpaid orders of earlier tests would expire together with those of the next test. */
    beforeEach(async () => {
      await ledger.orders.expireUnpaid(dueMs + 1, 10_000);
    });

    test("a payment turns a reserved unit into a sold one, once", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const { reservationId } = orders[0]!;
      expect(await ledger.orders.pay(reservationId, dueMs)).toMatchObject({ kind: "done", order: { state: "paid" } });
      expect(await ledger.orders.pay(reservationId, dueMs)).toMatchObject({
        kind: "already",
        order: { state: "paid" },
      });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 1 });
      expect(await ledger.orders.read(reservationId)).toMatchObject({ state: "paid" });
      expect(await pendingReturns(ledger, product)).toEqual([]);
    });

    test("a payment after the last moment is refused, before anybody has expired the order and after", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const { reservationId } = orders[0]!;
      expect(await ledger.orders.pay(reservationId, dueMs + 1)).toMatchObject({
        kind: "refused",
        order: { state: "reserved" },
      });
      await ledger.orders.expireUnpaid(dueMs + 1, 1_000);
      expect(await ledger.orders.pay(reservationId, nowMs)).toMatchObject({
        kind: "refused",
        order: { state: "expired" },
      });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 0 });
    });

    test("a cancelled order gives its unit back, once, and its buyer may order again", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const [order] = orders as [AcceptedReservation];
      expect(await ledger.orders.cancel(order.reservationId)).toMatchObject({
        kind: "done",
        order: { state: "cancelled" },
      });
      expect(await ledger.orders.cancel(order.reservationId)).toMatchObject({
        kind: "already",
        order: { state: "cancelled" },
      });
      expect(await ledger.orders.pay(order.reservationId, nowMs)).toMatchObject({
        kind: "refused",
        order: { state: "cancelled" },
      });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 0 });
      expect(await pendingReturns(ledger, product)).toEqual([order.reservationId]);
      expect(await ledger.orders.record([accept(product, { userId: order.userId })], { payWithinMs })).toEqual([
        { kind: "recorded" },
      ]);
    });

    test("a paid order cannot be cancelled", async () => {
      const { orders } = await recordOrders(ledger, 1);
      await ledger.orders.pay(orders[0]!.reservationId, nowMs);
      expect(await ledger.orders.cancel(orders[0]!.reservationId)).toMatchObject({
        kind: "refused",
        order: { state: "paid" },
      });
    });

    test("an unknown order is not found", async () => {
      expect(await ledger.orders.pay("nothing", nowMs)).toEqual({ kind: "not_found" });
      expect(await ledger.orders.cancel("nothing")).toEqual({ kind: "not_found" });
    });

    test("orders expire after their last moment, not in it, and only unpaid ones", async () => {
      const { product, orders } = await recordOrders(ledger, 4);
      await ledger.orders.pay(orders[0]!.reservationId, nowMs);
      await ledger.orders.cancel(orders[1]!.reservationId);
      expect(await ledger.orders.expireUnpaid(dueMs, 1_000)).toBe(0);
      expect(await ledger.orders.expireUnpaid(dueMs + 1, 1_000)).toBe(2);
      expect(await ledger.orders.expireUnpaid(dueMs + 1, 1_000)).toBe(0);
      expect(await ledger.orders.read(orders[2]!.reservationId)).toMatchObject({ state: "expired" });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 1 });
      expect((await pendingReturns(ledger, product)).toSorted()).toEqual(
        orders
          .slice(1)
          .map((order) => order.reservationId)
          .toSorted(),
      );
    });

    test("no more orders expire than the limit says", async () => {
      const { product } = await recordOrders(ledger, 5);
      expect(await ledger.orders.expireUnpaid(dueMs + 1, 3)).toBe(3);
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 2 });
      expect(await ledger.orders.expireUnpaid(dueMs + 1, 3)).toBe(2);
    });

    test("of a payment, a cancellation and an expiry in the same moment exactly one wins", async () => {
      const { product, orders } = await recordOrders(ledger, 10);
      const others = [
        place.connect({ now: () => nowMs }),
        place.connect({ now: () => nowMs }),
        place.connect({ now: () => nowMs }),
      ];
      const results = await Promise.all(
        orders.map(async ({ reservationId }) => {
          const [paid, cancelled] = await Promise.all([
            others[0]!.orders.pay(reservationId, nowMs),
            others[1]!.orders.cancel(reservationId),
            others[2]!.orders.expireUnpaid(dueMs + 1, 1_000),
          ]);
          const winners = [paid, cancelled].filter(({ kind: outcome }) => outcome === "done").length;
          const order = await ledger.orders.read(reservationId);
          return { winners, state: order?.state };
        }),
      );
      for (const { winners, state } of results) expect(winners).toBe(state === "expired" ? 0 : 1);
      const audit = await ledger.audit.auditSale(product.saleId);
      const [counts] = audit!.products;
      expect(counts!.orders.reserved).toBe(0);
      expect(counts!.totals).toEqual({ total: 10, reserved: 0, sold: counts!.orders.paid });
      expect(await pendingReturns(ledger, product)).toHaveLength(10 - counts!.orders.paid);
      expect(audit!.wrongReturns).toEqual({ count: 0, examples: [] });
    });
  });
}
