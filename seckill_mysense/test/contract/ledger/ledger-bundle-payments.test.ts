import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { maxBundleParts, partIds } from "../../../src/domain/bundle.ts";
import type { Payment } from "../../../src/domain/payment.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { acceptBundle, createShelf, windows, type AcceptedBundle } from "./bundle-fixtures.ts";
import { accept, payWithinMs, pendingReturns } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { eventOf } from "./payment-fixtures.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`what becomes of bundles on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let nowMs = 10_000;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    /** Prices are 100, 200, 300 and so on. */
    async function complete(parts = 3): Promise<{ bundle: AcceptedBundle; products: SaleProduct[] }> {
      const { products } = await createShelf(ledger, parts);
      const bundle = acceptBundle(products);
      await ledger.orders.record(bundle.accepted, windows);
      return { bundle, products };
    }
    const statesOf = async ({ bundleId }: AcceptedBundle): Promise<string> => {
      const states = (await ledger.bundles.read(bundleId))!.orders.map(({ state }) => state);
      return [...new Set(states)].join(" and ");
    };
    const open = (id: string, amountMinor = 600) =>
      ledger.payments.open(id, { amountMinor, currency: "EUR", provider: "simulator", nowMs, askAtMs: nowMs + 1_000 });
    async function paymentOf({ bundleId }: AcceptedBundle): Promise<Payment> {
      const outcome = await open(bundleId);
      if (outcome.kind !== "open") throw new Error(`the payment of ${bundleId} is ${outcome.kind}`);
      return outcome.payment;
    }
    const tell = (payment: Payment, what: Parameters<typeof eventOf>[1]) =>
      ledger.payments.apply(eventOf(payment, what, { money: { amountMinor: 600, currency: "EUR" } }));
    const refundsOf = async (payment: Payment) => {
      const refunds = await ledger.payments.takeRefunds(nowMs, nowMs + 1, 1_000);
      return refunds.filter(({ paymentId }) => paymentId === payment.id);
    };
    const totalsOf = async (products: readonly SaleProduct[]): Promise<unknown[]> =>
      Promise.all(
        products.map(async ({ id }) => {
          const { reserved, sold } = (await ledger.sales.readTotals(id))!;
          return [reserved, sold];
        }),
      );
    /** Every part has given its unit back once. */
    async function expectReturned({ accepted }: AcceptedBundle, products: readonly SaleProduct[]): Promise<void> {
      expect(await totalsOf(products)).toEqual(products.map(() => [0, 0]));
      for (const [index, product] of products.entries())
        expect(await pendingReturns(ledger, product)).toEqual([accepted[index]!.reservationId]);
    }
    async function expectSound([product]: readonly SaleProduct[]): Promise<void> {
      const { results } = await verifySale({ saleId: product!.saleId, ledger });
      const violated = Object.entries(results).filter(([, { status }]) => status === "violated");
      expect(violated).toEqual([]);
    }
    /** The bundle's id, and that of its second part. */
    const namesOf = ({ bundleId, accepted }: AcceptedBundle): string[] => [bundleId, accepted[1]!.reservationId];

    test("a bundle is paid, cancelled and called off as a whole, by its id or that of any part", async () => {
      for (const index of [0, 1]) {
        const paid = await complete(maxBundleParts);
        const payId = namesOf(paid.bundle)[index]!;
        expect(await ledger.orders.pay(payId, nowMs)).toMatchObject({ kind: "done", order: { state: "paid" } });
        expect(await statesOf(paid.bundle)).toBe("paid");
        expect(await ledger.orders.pay(payId, nowMs)).toMatchObject({ kind: "already" });
        expect(await ledger.orders.cancel(payId)).toMatchObject({ kind: "refused", order: { state: "paid" } });
        expect(await totalsOf(paid.products)).toEqual(Array(maxBundleParts).fill([0, 1]));
        expect(await ledger.payments.callOff(payId)).toMatchObject({ kind: "done", order: { state: "refund_due" } });
        expect(await ledger.payments.callOff(payId)).toMatchObject({ kind: "already" });
        expect(await statesOf(paid.bundle)).toBe("refund_due");
        await expectReturned(paid.bundle, paid.products);
        await expectSound(paid.products);

        const unwanted = await complete();
        const cancelId = namesOf(unwanted.bundle)[index]!;
        expect(await ledger.payments.callOff(cancelId)).toMatchObject({ kind: "refused" });
        expect(await ledger.orders.cancel(cancelId)).toMatchObject({ kind: "done", order: { state: "cancelled" } });
        expect(await ledger.orders.cancel(cancelId)).toMatchObject({ kind: "already" });
        expect(await ledger.orders.pay(cancelId, nowMs)).toMatchObject({ kind: "refused" });
        expect(await open(cancelId)).toMatchObject({ kind: "refused", order: { state: "cancelled" } });
        await expectReturned(unwanted.bundle, unwanted.products);
        await expectSound(unwanted.products);
      }
    });

    test("what asks for a bundle and for its parts at once is answered as one", async () => {
      const { bundle } = await complete();
      const outcomes = await Promise.all(namesOf(bundle).map((id) => ledger.orders.pay(id, nowMs)));
      expect(outcomes.map((outcome) => outcome.kind).toSorted()).toEqual(["already", "done"]);
      const { bundle: other, products } = await complete();
      const cancelled = await Promise.all(namesOf(other).map((id) => ledger.orders.cancel(id)));
      expect(cancelled.map((outcome) => outcome.kind)).toContain("done");
      await expectReturned(other, products);
    });

    test("a bundle that is not complete is not found by those who would pay, cancel or call it off", async () => {
      const { products } = await createShelf(ledger, 2);
      const bundle = acceptBundle(products);
      await ledger.orders.record([bundle.accepted[1]!], windows);
      const expectNotFound = async (): Promise<void> => {
        for (const id of namesOf(bundle)) {
          expect(await ledger.orders.pay(id, nowMs)).toEqual({ kind: "not_found" });
          expect(await ledger.orders.cancel(id)).toEqual({ kind: "not_found" });
          expect(await ledger.payments.callOff(id)).toEqual({ kind: "not_found" });
          expect(await open(id, 300)).toEqual({ kind: "not_found" });
        }
        expect(await statesOf(bundle)).toBe("reserved");
      };
      await expectNotFound();
      await ledger.bundles.giveUp(bundle, "sold_out");
      await expectNotFound();
      await ledger.bundles.releaseBroken(100);
    });

    test("an unpaid bundle expires as a whole, also when only one of its parts is asked for", async () => {
      const { bundle, products } = await complete();
      nowMs += payWithinMs;
      await ledger.orders.expireUnpaid(nowMs, 1_000);
      expect(await statesOf(bundle)).toBe("reserved");
      nowMs += 1;
      expect(await ledger.orders.pay(bundle.bundleId, nowMs)).toMatchObject({ kind: "refused" });
      for (let expired = 1; expired > 0;) {
        expired = await ledger.orders.expireUnpaid(nowMs, 1);
        expect(["expired", "reserved"]).toContain(await statesOf(bundle));
      }
      expect(await statesOf(bundle)).toBe("expired");
      await expectReturned(bundle, products);
      await expectSound(products);
    });

    test("a bundle has one payment, of the sum of its parts, and a success pays all of them", async () => {
      const { bundle, products } = await complete();
      const [byBundle, byPart] = namesOf(bundle) as [string, string];
      await expect(open(byBundle, 100)).rejects.toThrow("is 100, not its sum of 600");
      const payment = await paymentOf(bundle);
      expect(payment.amountMinor).toBe(600);
      expect(await open(byPart)).toMatchObject({ kind: "open", payment: { id: payment.id } });
      expect(await tell(payment, "succeeded")).toBe("paid");
      expect(await tell(payment, "succeeded")).toBe("duplicate");
      expect(await statesOf(bundle)).toBe("paid");
      expect(await totalsOf(products)).toEqual([
        [0, 1],
        [0, 1],
        [0, 1],
      ]);
      await expectSound(products);
    });

    test("payments of bundles and of single orders that come at once pay each its own", async () => {
      const [one, two] = [await complete(), await complete()];
      const single = accept(one.products[0]!);
      await ledger.orders.record([single], windows);
      const payments = [await paymentOf(one.bundle), await paymentOf(two.bundle)];
      const third = await open(single.reservationId, 600);
      if (third.kind !== "open") throw new Error(third.kind);
      expect(await Promise.all([...payments, third.payment].map((payment) => tell(payment, "succeeded")))).toEqual(
        Array(3).fill("paid"),
      );
      for (const { bundle, products } of [one, two]) {
        expect(await statesOf(bundle)).toBe("paid");
        await expectSound(products);
      }
    });

    test("a bundle that is called off is refunded once and whole", async () => {
      const { bundle, products } = await complete();
      const payment = await paymentOf(bundle);
      await tell(payment, "succeeded");
      await ledger.payments.callOff(bundle.bundleId);
      expect(await statesOf(bundle)).toBe("refund_due");
      expect(await refundsOf(payment)).toMatchObject([{ amountMinor: 600, reason: "order_called_off" }]);
      await expectSound(products);
      await ledger.payments.markRefunded(payment.id);
      expect(await statesOf(bundle)).toBe("refunded");
      await expectReturned(bundle, products);
      await expectSound(products);
      // The provider's refund did not reach the payer after all.
      expect(await tell(payment, "refund_failed")).toBe("refund_reopened");
      expect(await statesOf(bundle)).toBe("refund_due");
      expect(await tell(payment, "refunded")).toBe("refunded");
      expect(await statesOf(bundle)).toBe("refunded");
      await expectReturned(bundle, products);
      await expectSound(products);
    });

    test("money that came too late for a bundle goes back whole", async () => {
      const { bundle, products } = await complete();
      const payment = await paymentOf(bundle);
      nowMs += payWithinMs + 1;
      await ledger.orders.expireUnpaid(nowMs, 1_000);
      expect(await tell(payment, "succeeded")).toBe("refund");
      expect(await refundsOf(payment)).toMatchObject([{ amountMinor: 600, reason: "order_expired" }]);
      expect(await statesOf(bundle)).toBe("expired");
      await ledger.payments.markRefunded(payment.id);
      expect(await statesOf(bundle)).toBe("expired");
      await expectReturned(bundle, products);
      await expectSound(products);
    });

    test("money that the provider returned unasked takes all parts back", async () => {
      const { bundle, products } = await complete();
      const payment = await paymentOf(bundle);
      await tell(payment, "succeeded");
      expect(await tell(payment, "refunded")).toBe("refunded");
      expect(await statesOf(bundle)).toBe("refunded");
      await expectReturned(bundle, products);
      await expectSound(products);
    });

    test("a cancelled sale releases its bundles as wholes, and those that were collecting too", async () => {
      const { sale, products } = await createShelf(ledger, 3);
      const all = Array.from({ length: 6 }, () => acceptBundle(products)) as [AcceptedBundle, ...AcceptedBundle[]];
      const [paid, free, unpaid, collecting, broken, late] = all as [
        ...[AcceptedBundle, AcceptedBundle, AcceptedBundle],
        ...[AcceptedBundle, AcceptedBundle, AcceptedBundle],
      ];
      await ledger.orders.record(
        [paid, free, unpaid].flatMap(({ accepted }) => accepted),
        windows,
      );
      await ledger.orders.record(
        [collecting, broken, late].flatMap(({ accepted }) => accepted.slice(1)),
        windows,
      );
      await ledger.bundles.giveUp(broken, "sold_out");
      const payment = await paymentOf(paid);
      await tell(payment, "succeeded");
      await ledger.orders.pay(free.bundleId, nowMs);
      await ledger.changes.change(sale.id, { kind: "cancel" }, { actor: "Ada" });
      const outcomes = await ledger.orders.record([late.accepted[0]!], windows);
      expect(outcomes).toEqual([{ kind: "rejected", reason: "sale_cancelled" }]);
      while ((await ledger.orders.releaseCancelled(4)) > 0);
      expect(await ledger.bundles.read(collecting.bundleId)).toMatchObject({
        state: "broken",
        reason: "sale_cancelled",
      });
      expect(await Promise.all(all.map(statesOf))).toEqual([
        ...["refund_due", "refund_due", "cancelled", "cancelled", "cancelled", "cancelled"],
      ]);
      expect(await refundsOf(payment)).toMatchObject([{ amountMinor: 600 }]);
      expect(await ledger.bundles.releaseBroken(100)).toBe(3);
      expect(await totalsOf(products)).toEqual([
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
      const returned = (await ledger.returns.pending(1_000)).filter(({ saleId }) => saleId === sale.id);
      expect(returned.map(({ reservationId }) => reservationId).toSorted()).toEqual(
        [
          ...[paid, free, unpaid, late].flatMap(partIds),
          ...[collecting, broken].flatMap((bundle) => partIds(bundle).slice(1)),
        ].toSorted(),
      );
      await expectSound(products);
    });
  });
}
