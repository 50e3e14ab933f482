import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { defaultRetry, RetryingDatabase } from "../../../src/ledger/database/retrying-database.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { recordOrders } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { eventOf, openPayment, price } from "./payment-fixtures.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`payments of sales that change on ${kind.name}${kind.skipped}`, () => {
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

    async function orderThenPrice(priceMinor: number) {
      const { product, orders } = await recordOrders(ledger, 1);
      const products = [{ id: product.id, name: "Other", priceMinor, currency: "USD" }];
      await ledger.changes.change(product.saleId, { kind: "update", products }, { actor });
      return { product, id: orders[0]!.reservationId };
    }

    test("a payment is for the price of the order, also after the price of the product has changed", async () => {
      const { id } = await orderThenPrice(1);
      expect(await openPayment(ledger, id, nowMs)).toMatchObject(price);
    });

    test("an order that an older program recorded without a price gets one when it is paid, and keeps it", async () => {
      const { id } = await orderThenPrice(7);
      const database = new RetryingDatabase(place.open(), defaultRetry);
      const nothing = { product_name: null, price_minor: null, currency: null };
      await database.read((writer) =>
        writer.updateTable("orders").set(nothing).where("reservation_id", "=", id).execute(),
      );
      expect(await openPayment(ledger, id, nowMs)).toMatchObject({ amountMinor: 7, currency: "USD" });
      expect(await ledger.orders.read(id)).toMatchObject({ productName: "Other", priceMinor: 7, currency: "USD" });
    });

    test("a cancelled sale gives the money of its paid orders back, also of payments that come later", async () => {
      const { product, orders } = await recordOrders(ledger, 3);
      const [paid, late, unpaid] = orders.map(({ reservationId }) => reservationId) as [string, string, string];
      const [payment, latePayment] = [await openPayment(ledger, paid, nowMs), await openPayment(ledger, late, nowMs)];
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      await ledger.changes.change(product.saleId, { kind: "cancel" }, { actor });
      expect(await ledger.orders.releaseCancelled(100)).toBe(3);
      expect(await ledger.payments.apply(eventOf(latePayment, "succeeded"))).toBe("refund");
      const states = async () =>
        Promise.all([paid, late, unpaid].map(async (id) => (await ledger.orders.read(id))?.state));
      expect(await states()).toEqual(["refund_pending", "cancelled", "cancelled"]);
      const refunds = await ledger.payments.takeRefunds(nowMs, nowMs + 1, 1_000);
      const reasonOf = (id: string) => refunds.filter(({ paymentId }) => paymentId === id).map(({ reason }) => reason);
      expect([reasonOf(payment.id), reasonOf(latePayment.id)]).toEqual([["order_called_off"], ["order_cancelled"]]);
      await ledger.payments.apply(eventOf(payment, "refunded"));
      expect(await states()).toEqual(["refunded", "cancelled", "cancelled"]);
      const { results } = await verifySale({ saleId: product.saleId, ledger });
      expect([results.I1.status, results.I7.status, results.I9.status]).toEqual(["ok", "ok", "ok"]);
    });
  });
}
