import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { accept, createSale, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`orders of several units, in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const record = (...orders: AcceptedReservation[]) => ledger.orders.record(orders, { payWithinMs });
    const totals = async ({ id }: SaleProduct): Promise<number[]> => {
      const { reserved, sold, total } = (await ledger.sales.readTotals(id))!;
      return [reserved, sold, total];
    };
    const expectVerified = async (saleId: string): Promise<void> => {
      const { results } = await verifySale({ saleId, ledger, atRest: false });
      for (const name of ["I1", "I2", "I3", "I7"] as const) expect(results[name].status).toBe("ok");
    };

    test("take and release all of their units at once", async () => {
      const { sale, product } = await createSale(ledger, { total: 10, limitPerUser: 4 });
      const [three, two, four] = [3, 2, 4].map((quantity) => accept(product, { quantity })) as [
        AcceptedReservation,
        AcceptedReservation,
        AcceptedReservation,
      ];
      const tooMany = accept(product, { quantity: 2 });
      expect((await record(three, two, four, tooMany)).map((outcome) => outcome.kind)).toEqual([
        "recorded",
        "recorded",
        "recorded",
        "rejected",
      ]);
      expect(await totals(product)).toEqual([9, 0, 10]);
      expect((await ledger.orders.pay(four.reservationId, 1)).kind).toBe("done");
      expect(await totals(product)).toEqual([5, 4, 10]);
      await ledger.orders.cancel(three.reservationId);
      expect(await totals(product)).toEqual([2, 4, 10]);
      const [record1] = await ledger.gates.read([product.id]);
      expect(record1).toMatchObject({ taken: 6, pendingReturns: 3 });
      const returns = (await ledger.returns.pending(1_000)).filter(({ productId }) => productId === product.id);
      expect(returns.map(({ reservationId, quantity, epoch }) => [reservationId, quantity, epoch])).toEqual([
        [tooMany.reservationId, 2, 0],
        [three.reservationId, 3, 1],
      ]);
      expect((await ledger.orders.read(four.reservationId))!.quantity).toBe(4);
      await expectVerified(sale.id);
    });

    test("count against the limit of their buyer with all of their units", async () => {
      const { sale, product } = await createSale(ledger, { total: 20, limitPerUser: 5 });
      const ask = (quantity: number, userId = "ann") => accept(product, { userId, quantity });
      const first = ask(3);
      expect((await record(first, ask(3), ask(1), ask(1), ask(1))).map((outcome) => outcome.kind)).toEqual([
        "recorded",
        "rejected",
        "recorded",
        "recorded",
        "rejected",
      ]);
      expect(await record(ask(6, "bob"))).toEqual([{ kind: "rejected", reason: "limit_per_user" }]);
      await ledger.orders.cancel(first.reservationId);
      expect((await record(ask(3))).map((outcome) => outcome.kind)).toEqual(["recorded"]);
      expect(await totals(product)).toEqual([5, 0, 20]);
      await expectVerified(sale.id);
    });

    test("an impossible number of units is a malformed reservation, and harms itself alone", async () => {
      const { product } = await createSale(ledger, { total: 5 });
      const wrong = [0, -1, 1.5, Number.NaN, "2" as unknown as number].map((quantity) => accept(product, { quantity }));
      const outcomes = await record(...wrong, accept(product));
      expect(outcomes).toEqual([
        ...wrong.map(() => ({ kind: "rejected" as const, reason: "malformed" as const })),
        { kind: "recorded" },
      ]);
      expect(await totals(product)).toEqual([1, 0, 5]);
    });
  });
}
