import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Payment } from "../../../src/domain/payment.ts";
import type { SaleProduct } from "../../../src/domain/sale.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import { payWithinMs, pendingReturns, recordOrders, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { eventOf, openPayment, price } from "./payment-fixtures.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`payments and refunds on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    const startMs = 100_000;
    let nowMs = startMs;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    interface Ordered {
      readonly product: SaleProduct;
      readonly id: string;
      readonly payment: Payment;
    }
    async function orderWithPayment(): Promise<Ordered> {
      nowMs = startMs;
      const { product, orders } = await recordOrders(ledger, 1);
      const id = orders[0]!.reservationId;
      return { product, id, payment: await openPayment(ledger, id, nowMs) };
    }
    const expire = async (): Promise<void> => {
      nowMs = startMs + payWithinMs + 1;
      await ledger.orders.expireUnpaid(nowMs, 1_000);
    };
    const state = async (id: string) => (await ledger.orders.read(id))?.state;
    const paymentState = async (payment: Payment) => (await ledger.payments.read(payment.id))?.state;
    /** The refunds of one payment that are due now. */
    const dueRefunds = async (payment: Payment) => {
      const refunds = await ledger.payments.takeRefunds(nowMs, nowMs + 1, 1_000);
      return refunds.filter(({ paymentId }) => paymentId === payment.id);
    };
    const expectSound = async (product: SaleProduct): Promise<void> => {
      const { results } = await verifySale({ saleId: product.saleId, ledger });
      expect([results.I1.status, results.I7.status, results.I9.status]).toEqual(["ok", "ok", "ok"]);
    };

    test("a success pays the order once, however often it is told", async () => {
      const { product, id, payment } = await orderWithPayment();
      const event = eventOf(payment, "succeeded", { providerId: "p-1" });
      expect(await ledger.payments.apply(event)).toBe("paid");
      expect(await ledger.payments.apply(event)).toBe("duplicate");
      expect(await ledger.payments.apply(eventOf(payment, "succeeded"))).toBe("duplicate");
      expect(await ledger.orders.read(id)).toMatchObject({ state: "paid", paidAtMs: startMs });
      expect(await ledger.payments.read(payment.id)).toMatchObject({ state: "succeeded", providerId: "p-1" });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 1 });
      expect(await dueRefunds(payment)).toEqual([]);
      await expectSound(product);
    });

    test("an order has one open payment at a time, and another one after a failure", async () => {
      const { id, payment } = await orderWithPayment();
      const twice = await Promise.all([openPayment(ledger, id, nowMs), openPayment(ledger, id, nowMs)]);
      expect(twice.map((open) => open.id)).toEqual([payment.id, payment.id]);
      expect(await ledger.payments.apply(eventOf(payment, "failed"))).toBe("failed");
      expect((await openPayment(ledger, id, nowMs)).id).not.toBe(payment.id);
    });

    test("nobody can start to pay an order that is over, paid or unknown", async () => {
      const { id, payment } = await orderWithPayment();
      const options = { ...price, provider: "simulator", askAtMs: 0 };
      const late = await ledger.payments.open(id, { ...options, nowMs: nowMs + payWithinMs + 1 });
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      const again = await ledger.payments.open(id, { ...options, nowMs });
      const unknown = await ledger.payments.open("nothing", { ...options, nowMs });
      expect([late.kind, again.kind, unknown.kind]).toEqual(["refused", "refused", "not_found"]);
    });

    test("a success after the last moment counts while the order still holds its unit", async () => {
      const { product, id, payment } = await orderWithPayment();
      nowMs = startMs + payWithinMs + 1;
      expect(await ledger.payments.apply(eventOf(payment, "succeeded"))).toBe("paid");
      expect(await state(id)).toBe("paid");
      await expectSound(product);
    });

    for (const how of ["expired", "cancelled"] as const) {
      test(`money for an order that is ${how} goes back, once`, async () => {
        const { product, id, payment } = await orderWithPayment();
        await (how === "expired" ? expire() : ledger.orders.cancel(id));
        const outcomes = await Promise.all([
          ledger.payments.apply(eventOf(payment, "succeeded")),
          ledger.payments.apply(eventOf(payment, "succeeded")),
        ]);
        expect(outcomes.toSorted()).toEqual(["duplicate", "refund"]);
        await expectSound(product);
        expect(await dueRefunds(payment)).toMatchObject([{ ...price, reason: `order_${how}`, tries: 1 }]);
        expect(await dueRefunds(payment)).toEqual([]);
        await ledger.payments.markRefunded(payment.id);
        await ledger.payments.markRefunded(payment.id);
        expect(await paymentState(payment)).toBe("refunded");
        expect(await state(id)).toBe(how);
        nowMs += 1_000_000;
        expect(await dueRefunds(payment)).toEqual([]);
        await expectSound(product);
      });
    }

    test("the second payment of an order goes back, and the first one stays", async () => {
      const { product, id, payment } = await orderWithPayment();
      await ledger.payments.apply(eventOf(payment, "failed"));
      const second = await openPayment(ledger, id, nowMs);
      expect(await ledger.payments.apply(eventOf(payment, "succeeded"))).toBe("paid");
      expect(await ledger.payments.apply(eventOf(second, "succeeded"))).toBe("refund");
      expect(await dueRefunds(second)).toMatchObject([{ reason: "second_payment" }]);
      expect(await state(id)).toBe("paid");
      await expectSound(product);
    });

    test("money of another amount or currency goes back as it came", async () => {
      const { product, id, payment } = await orderWithPayment();
      const money = { amountMinor: 9_900, currency: "USD" };
      expect(await ledger.payments.apply(eventOf(payment, "succeeded", { money }))).toBe("refund");
      expect(await dueRefunds(payment)).toMatchObject([{ ...money, reason: "wrong_amount" }]);
      expect(await state(id)).toBe("reserved");
      await expectSound(product);
    });

    test("events out of order: a failure after a success changes nothing", async () => {
      const { payment } = await orderWithPayment();
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      expect(await ledger.payments.apply(eventOf(payment, "failed"))).toBe("late");
      expect(await paymentState(payment)).toBe("succeeded");
    });

    test("events out of order: a success after its refund pays nothing", async () => {
      const { product, id, payment } = await orderWithPayment();
      expect(await ledger.payments.apply(eventOf(payment, "refunded"))).toBe("refunded");
      expect(await ledger.payments.apply(eventOf(payment, "succeeded"))).toBe("late");
      expect(await state(id)).toBe("reserved");
      await expectSound(product);
    });

    test("money that the provider returns unasked gives the unit back", async () => {
      const { product, id, payment } = await orderWithPayment();
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      const returned = eventOf(payment, "refunded");
      expect(await ledger.payments.apply(returned)).toBe("refunded");
      expect(await ledger.payments.apply(returned)).toBe("duplicate");
      expect(await ledger.orders.read(id)).toMatchObject({ state: "refunded", refundedAtMs: startMs });
      expect(await pendingReturns(ledger, product)).toEqual([id]);
      expect(await dueRefunds(payment)).toEqual([]);
      await expectSound(product);
    });

    test("an order that is called off gives its unit back, and then its money", async () => {
      const { product, id, payment } = await orderWithPayment();
      expect(await ledger.payments.callOff(id)).toMatchObject({ kind: "refused", order: { state: "reserved" } });
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      const twice = await Promise.all([ledger.payments.callOff(id), ledger.payments.callOff(id)]);
      expect(twice.map((outcome) => outcome.kind).toSorted()).toEqual(["already", "done"]);
      expect(await state(id)).toBe("refund_due");
      expect(await pendingReturns(ledger, product)).toEqual([id]);
      await expectSound(product);
      expect(await dueRefunds(payment)).toMatchObject([{ ...price, reason: "order_called_off" }]);
      nowMs += 5;
      await ledger.payments.apply(eventOf(payment, "refunded"));
      expect(await ledger.orders.read(id)).toMatchObject({
        state: "refunded",
        paidAtMs: startMs,
        cancelledAtMs: startMs,
        refundedAtMs: nowMs,
      });
      await expectSound(product);
    });

    test("a cancelled sale refunds its paid orders; those without a provider are left to the merchant", async () => {
      nowMs = startMs;
      const { product, orders } = await recordOrders(ledger, 4);
      const ids = orders.map(({ reservationId }) => reservationId);
      const payment = await openPayment(ledger, ids[0]!, nowMs);
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      await ledger.orders.pay(ids[1]!, nowMs);
      const late = await openPayment(ledger, ids[2]!, nowMs);
      await ledger.changes.change(product.saleId, { kind: "cancel" }, { actor: "test" });
      expect(await ledger.orders.releaseCancelled(1_000)).toBe(4);
      expect(await Promise.all(ids.map(state))).toEqual(["refund_due", "refund_due", "cancelled", "cancelled"]);
      expect(await ledger.payments.apply(eventOf(late, "succeeded"))).toBe("refund");
      expect(await dueRefunds(payment)).toMatchObject([{ reason: "order_called_off" }]);
      await ledger.payments.markRefunded(payment.id);
      expect(await Promise.all(ids.map(state))).toEqual(["refunded", "refund_due", "cancelled", "cancelled"]);
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 0 });
      await expectSound(product);
    });

    test("an event of an unknown payment is not kept", async () => {
      const event = { id: unique("event"), paymentId: "nobody", kind: "succeeded", money: price } as const;
      expect(await ledger.payments.apply(event)).toBe("unknown_payment");
      expect(await ledger.payments.apply(event)).toBe("unknown_payment");
    });

    test("an undecided payment is asked about when it is due, by one process", async () => {
      const { payment } = await orderWithPayment();
      const again = { leastMs: 5_000, mostMs: 10_000, mostFailedMs: 20_000, limit: 1_000 };
      const isOurs = ({ id }: Payment): boolean => id === payment.id;
      expect((await ledger.payments.takeUndecided(nowMs + 999, again)).filter(isOurs)).toEqual([]);
      const other = place.connect({ now: () => nowMs });
      const take = (by: Ledger) => by.payments.takeUndecided(nowMs + 1_000, again);
      const taken = (await Promise.all([take(ledger), take(other)])).flat();
      expect(taken.filter(isOurs)).toHaveLength(1);
      expect((await ledger.payments.takeUndecided(nowMs + 5_999, again)).filter(isOurs)).toEqual([]);
      expect((await ledger.payments.takeUndecided(nowMs + 6_000, again)).filter(isOurs)).toHaveLength(1);
    });

    test("a refund that fails is tried again at its time, and is counted", async () => {
      const { id, payment } = await orderWithPayment();
      await ledger.orders.cancel(id);
      const before = await ledger.payments.readRefunds();
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      await dueRefunds(payment);
      await ledger.payments.markRefundFailed(payment.id, { error: "no route to the bank", tryAtMs: nowMs + 100 });
      expect(await ledger.payments.readRefunds()).toMatchObject({
        waiting: before.waiting + 1,
        failing: before.failing + 1,
      });
      expect(await dueRefunds(payment)).toEqual([]);
      nowMs += 100;
      expect(await dueRefunds(payment)).toMatchObject([{ tries: 2 }]);
      await ledger.payments.markRefunded(payment.id);
      expect(await ledger.payments.readRefunds()).toEqual(before);
    });

    /** A paid order that was called off, with its refund. */
    async function calledOff(): Promise<Ordered> {
      const ordered = await orderWithPayment();
      await ledger.payments.apply(eventOf(ordered.payment, "succeeded"));
      await ledger.payments.callOff(ordered.id);
      return ordered;
    }
    const refundOf = (payment: Payment) => ledger.payments.readRefund(payment.id);

    test("a refund that fails after it was done is due again, and its order waits for the money", async () => {
      const { product, id, payment } = await calledOff();
      await dueRefunds(payment);
      await ledger.payments.markRefunded(payment.id);
      expect(await state(id)).toBe("refunded");
      const failure = eventOf(payment, "refund_failed");
      expect(await ledger.payments.apply(failure)).toBe("refund_reopened");
      expect(await ledger.payments.apply(failure)).toBe("duplicate");
      expect([await state(id), await paymentState(payment)]).toEqual(["refund_due", "refund_pending"]);
      await expectSound(product);
      expect(await dueRefunds(payment)).toMatchObject([{ reason: "order_called_off", tries: 2 }]);
      // Both in one transaction: what the refund ended with counts.
      await Promise.all([
        ledger.payments.apply(eventOf(payment, "refund_failed")),
        ledger.payments.apply(eventOf(payment, "refunded")),
      ]);
      expect([await state(id), await paymentState(payment)]).toEqual(["refunded", "refunded"]);
      await expectSound(product);
    });

    test("a refund that failed changes nothing where there is none", async () => {
      const { product, id, payment } = await orderWithPayment();
      expect(await ledger.payments.apply(eventOf(payment, "refund_failed"))).toBe("late");
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      expect(await ledger.payments.apply(eventOf(payment, "refund_failed"))).toBe("late");
      expect([await state(id), await paymentState(payment)]).toEqual(["paid", "succeeded"]);
      const other = await orderWithPayment();
      await ledger.payments.apply(eventOf(other.payment, "refunded"));
      expect(await ledger.payments.apply(eventOf(other.payment, "refund_failed"))).toBe("late");
      await expectSound(product);
      await expectSound(other.product);
    });

    test("a refund that the provider cannot make waits for an operator, who has it sent again or settles it", async () => {
      const [first, second] = [await calledOff(), await calledOff()];
      for (const { payment } of [first, second]) {
        await dueRefunds(payment);
        await ledger.payments.markRefundFailed(payment.id, { error: "no account", tryAtMs: nowMs, isHeld: true });
        nowMs += 1_000_000;
        expect(await dueRefunds(payment)).toEqual([]);
        expect(await refundOf(payment)).toMatchObject({ state: "held", lastError: "no account", retries: 0 });
      }
      const held = (await ledger.payments.listRefunds("held", 1_000)).map(({ paymentId }) => paymentId);
      expect(held).toEqual(expect.arrayContaining([first.payment.id, second.payment.id]));
      expect((await ledger.payments.readRefunds()).held).toBe(held.length);

      expect(await ledger.payments.retryRefund(first.payment.id)).toBe(true);
      expect(await refundOf(first.payment)).toMatchObject({ state: "waiting", retries: 1 });
      // The present refund is only sent earlier, and not followed by a further one.
      expect(await ledger.payments.retryRefund(first.payment.id)).toBe(true);
      expect(await dueRefunds(first.payment)).toMatchObject([{ retries: 1 }]);
      await ledger.payments.markRefunded(first.payment.id);
      expect(await ledger.payments.retryRefund(first.payment.id)).toBe(false);

      const settlement = { by: "Ada", note: "by bank transfer" };
      expect(await ledger.payments.settleRefund(second.payment.id, settlement)).toBe(true);
      // The same settlement again is done already: its first answer may have been lost. Another one comes too late.
      expect(await ledger.payments.settleRefund(second.payment.id, settlement)).toBe(true);
      expect(await ledger.payments.settleRefund(second.payment.id, { ...settlement, note: "in cash" })).toBe(false);
      expect(await refundOf(second.payment)).toMatchObject({
        state: "done",
        settledBy: "Ada",
        settledNote: settlement.note,
      });
      // The provider tells of one failure with several events, and repeats them for days.
      expect(await ledger.payments.apply(eventOf(second.payment, "refund_failed"))).toBe("late");
      expect([await state(first.id), await state(second.id)]).toEqual(["refunded", "refunded"]);
      await expectSound(first.product);
      await expectSound(second.product);
      expect([
        await refundOf({ ...first.payment, id: "nothing" }),
        await ledger.payments.retryRefund("nothing"),
      ]).toEqual([undefined, false]);
    });

    test("a provider decides only about payments that were made through it", async () => {
      const { id, payment } = await orderWithPayment();
      const success = eventOf(payment, "succeeded");
      expect(await ledger.payments.apply({ ...success, provider: "stripe" })).toBe("unknown_payment");
      expect(await state(id)).toBe("reserved");
      expect(await ledger.payments.apply({ ...success, provider: "simulator" })).toBe("paid");
    });

    test("after another provider was chosen, a buyer gets a payment of that one, and money of both counts once", async () => {
      const { product, id, payment } = await orderWithPayment();
      const options = { ...price, provider: "stripe", nowMs, askAtMs: nowMs + 1_000 };
      const opened = await ledger.payments.open(id, options);
      if (opened.kind !== "open") throw new Error(opened.kind);
      expect(opened.payment).toMatchObject({ provider: "stripe" });
      expect(opened.payment.id).not.toBe(payment.id);
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      expect(await ledger.payments.apply(eventOf(opened.payment, "succeeded"))).toBe("refund");

      const before = await ledger.payments.readStranded(["simulator", "stripe"]);
      expect(before).toEqual({ payments: 0, refunds: 0, providers: [] });
      expect(await ledger.payments.readStranded(["simulator"])).toEqual({
        payments: 0,
        refunds: 1,
        providers: ["stripe"],
      });
      const ours = (refunds: readonly { paymentId: string }[]) =>
        refunds.some((one) => one.paymentId === opened.payment.id);
      expect(ours(await ledger.payments.takeRefunds(nowMs, nowMs, 1_000, ["simulator"]))).toBe(false);
      expect(ours(await ledger.payments.takeRefunds(nowMs, nowMs, 1_000, ["stripe"]))).toBe(true);
      await ledger.payments.markRefunded(opened.payment.id);
      await expectSound(product);
    });

    test("a payment that nobody is to ask about any more is not stranded, and its success still counts", async () => {
      const { id, payment } = await orderWithPayment();
      const stranded = async () => (await ledger.payments.readStranded([])).payments;
      const before = await stranded();
      await ledger.payments.stopAsking(payment.id);
      expect(await stranded()).toBe(before - 1);
      const again = { leastMs: 5_000, mostMs: 10_000, mostFailedMs: 20_000, limit: 1_000 };
      const taken = await ledger.payments.takeUndecided(nowMs + 1_000_000_000, again);
      expect(taken.map((one) => one.id)).not.toContain(payment.id);
      expect(await ledger.payments.apply(eventOf(payment, "succeeded"))).toBe("paid");
      expect(await state(id)).toBe("paid");
    });

    test("an event that was forgotten changes nothing when it comes again", async () => {
      const { product, id, payment } = await orderWithPayment();
      const events = (["succeeded", "refunded"] as const).map((kind) => eventOf(payment, kind));
      for (const event of events) await ledger.payments.apply(event);
      nowMs += 1_000;
      while ((await ledger.payments.pruneEvents(nowMs, 10)) > 0);
      const again = [];
      for (const event of events) again.push(await ledger.payments.apply(event));
      expect(again).toEqual(["late", "duplicate"]);
      expect([await state(id), await paymentState(payment)]).toEqual(["refunded", "refunded"]);
      // Those events are younger than the moment.
      expect(await ledger.payments.pruneEvents(nowMs, 10)).toBe(0);
      await expectSound(product);
    });

    test("fault 16: of payment, expiry and cancellation in the same moment one wins, and no money is lost", async () => {
      nowMs = startMs;
      const { product, orders } = await recordOrders(ledger, 10);
      const others = [0, 1, 2].map(() => place.connect({ now: () => nowMs }));
      const payments = await Promise.all(orders.map(({ reservationId }) => openPayment(ledger, reservationId, nowMs)));
      const dueMs = startMs + payWithinMs + 1;
      await Promise.all(
        payments.flatMap((payment) => {
          const success = eventOf(payment, "succeeded");
          return [
            others[0]!.payments.apply(success),
            others[1]!.payments.apply(success),
            others[1]!.orders.cancel(payment.reservationId),
            others[2]!.orders.expireUnpaid(dueMs, 1_000),
            ledger.payments.apply(eventOf(payment, "failed")),
          ];
        }),
      );
      for (const payment of payments) {
        const isPaid = (await state(payment.reservationId)) === "paid";
        expect(await paymentState(payment)).toBe(isPaid ? "succeeded" : "refund_pending");
      }
      await expectSound(product);
    });
  });
}
