import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { accept, acceptMany, createSale, makeSale, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`the audit of the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("a missing sale is undefined, and an empty one has no products", async () => {
      expect(await ledger.audit.auditSale("nothing")).toBeUndefined();
      const sale = makeSale();
      await ledger.sales.create(sale, []);
      expect(await ledger.audit.auditSale(sale.id)).toMatchObject({ sale, products: [] });
    });

    test("orders, rejections and returns are counted by state, reason and epoch", async () => {
      const { sale, product } = await createSale(ledger, { total: 4 });
      const [paid, cancelled, early, late] = acceptMany(product, 4) as [
        AcceptedReservation,
        AcceptedReservation,
        AcceptedReservation,
        AcceptedReservation,
      ];
      const tooMany = accept(product);
      const again = accept(product, { userId: paid.userId });
      await ledger.orders.record([paid, cancelled, early], { payWithinMs });
      await ledger.orders.record([again], { payWithinMs });
      await ledger.orders.record([late, tooMany], { payWithinMs });
      await ledger.orders.pay(paid.reservationId, 1);
      // Returns of rejected reservations have an older epoch, and do not count below.
      expect((await ledger.returns.pending(10_000)).map(({ epoch }) => epoch)).toContain(0);
      await ledger.gates.raiseEpoch(product.id, 1);
      await ledger.orders.cancel(cancelled.reservationId);
      await ledger.orders.cancel(early.reservationId);
      // A return belongs to the epoch of its release.
      await ledger.returns.markReturned([{ ...early, epoch: 2 }]);

      expect(await ledger.audit.auditSale(sale.id)).toEqual({
        sale,
        products: [
          {
            product: { ...product, epoch: 2 },
            totals: { total: 4, reserved: 1, sold: 1 },
            orders: { reserved: 1, paid: 1, cancelled: 2, expired: 0, refund_due: 0, refunded: 0 },
            rejections: {
              ...{ oversold: 1, limit_per_user: 1, sale_cancelled: 0, unknown_product: 0, malformed: 0 },
              ...{ gate_lost: 0, discarded: 0, not_waiting: 0, bundle_broken: 0 },
            },
            armedEpoch: 0,
            gateSequence: 0,
            pendingReturns: 1,
            waiting: 0,
            isPaused: false,
          },
        ],
        overLimit: { count: 0, examples: [] },
        contradictions: { count: 0, examples: [] },
        wrongReturns: { count: 0, examples: [] },
        wrongMoney: { count: 0, examples: [] },
        wrongBundles: { count: 0, examples: [] },
        openBundles: { count: 0, examples: [] },
      });
    });
  });
}
