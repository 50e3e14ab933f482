import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Kysely } from "kysely";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { repairedAfterEndMs, type Sale, type SaleProduct } from "../../src/domain/sale.ts";
import { openSqliteDatabase } from "../../src/ledger/database/sqlite-database.ts";
import type { OpenDatabase } from "../../src/ledger/database/ledger-database.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { LedgerSchema } from "../../src/ledger/database/schema.ts";
import { rowOfProduct } from "../../src/ledger/sql/rows.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { renderReport, type InvariantId, type VerificationReport } from "../../src/verify/verification-report.ts";
import { verifySale, type VerifySaleOptions } from "../../src/verify/verify-sale.ts";
import { rebuild } from "../contract/gate/gate-fixtures.ts";
import { createSale, makeProduct, payWithinMs, unique } from "../contract/ledger/ledger-fixtures.ts";
import { eventOf, openPayment } from "../contract/ledger/payment-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";

describe("the verifier", () => {
  let folder: string;
  let ledger: Ledger;
  let bare: OpenDatabase;
  let rows: Kysely<LedgerSchema>;
  let gate: MemoryGate;
  let queue: ReservationQueue;
  let sale: Sale;
  let product: SaleProduct;

  beforeEach(async () => {
    folder = temporaryFolder("verify");
    const file = join(folder, "ledger.sqlite");
    ledger = sqliteLedger({ file });
    await ledger.migrate();
    ({ sale, product } = await createSale(ledger, { total: 10 }));
    gate = new MemoryGate();
    await gate.arm(sale, product, product.total);
    queue = embeddedQueue({ file: ":memory:" });
    bare = openSqliteDatabase({ file, busyTimeoutMs: 100 });
    rows = bare.kysely;
  });
  afterEach(async () => {
    await queue.close();
    await bare.close();
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const accept = (): Promise<AcceptedReservation> => acceptAndHandOver(gate, product);
  const sell = async (count: number): Promise<AcceptedReservation[]> => {
    const accepted = await Promise.all(Array.from({ length: count }, accept));
    await ledger.orders.record(accepted, { payWithinMs });
    return accepted;
  };
  /** Overwrites the gate's figure. */
  const setAvailable = (available: number): void => {
    gate.stocks.get(product.id)!.available = available;
  };
  const told = (
    { reservationId, productId, userId }: AcceptedReservation,
    answer: ToldAnswer["answer"],
  ): ToldAnswer => {
    return { reservationId, productId, userId, answer };
  };
  const verify = (options: Partial<VerifySaleOptions> = {}): Promise<VerificationReport> =>
    verifySale({ saleId: sale.id, ledger, gate, queue, ...options });
  /** The examples in a report that finds exactly this invariant violated. */
  const onlyFinding = (report: VerificationReport, id: InvariantId): string => {
    const violated = Object.entries(report.results).filter(([, { status }]) => status === "violated");
    expect(violated.map(([name]) => name)).toEqual([id]);
    expect(report.ok).toBe(false);
    const result = report.results[id];
    return result.status === "violated" ? result.examples.join("\n") : "";
  };

  test("finds nothing wrong with a sale in which all went well", async () => {
    const [paid, cancelled, waiting] = (await sell(3)) as [
      AcceptedReservation,
      AcceptedReservation,
      AcceptedReservation,
    ];
    await ledger.orders.pay(paid.reservationId, 1);
    await ledger.orders.cancel(cancelled.reservationId);
    const record = [
      told(paid, "accepted"),
      told(paid, "won"),
      told(cancelled, "won"),
      told(cancelled, "lost"),
      told(waiting, "won"),
    ];
    const report = await verify({ told: record });
    expect(report.ok).toBe(true);
    const statuses = Object.entries(report.results).map(([id, { status }]) => `${id} ${status}`);
    expect(statuses).toEqual([
      "I1 ok",
      "I2 ok",
      "I3 ok",
      "I4 ok",
      "I5 ok",
      "I6 ok",
      "I7 ok",
      "I8 not_asked",
      "I9 ok",
      "I10 ok",
    ]);
    expect(report.products).toEqual([
      {
        productId: product.id,
        total: 10,
        reserved: 1,
        sold: 1,
        available: 7,
        outbox: 0,
        pendingReturns: 1,
        rejected: 0,
      },
    ]);
  });

  test("says what it could not check, and why, with the ledger alone", async () => {
    await sell(1);
    const { results, ok } = await verifySale({ saleId: sale.id, ledger });
    expect(ok).toBe(true);
    expect(results.I4).toEqual({ status: "not_asked", why: "no record of what clients were told" });
    expect(results.I5).toMatchObject({ status: "not_asked" });
    expect(results.I6).toEqual({ status: "not_asked", why: "the gate was not asked" });
    expect(results.I8).toEqual({ status: "not_asked", why: "nobody said whether demand was left" });
  });

  test("refuses a sale that the ledger does not have", async () => {
    await expect(verify({ saleId: "nothing" })).rejects.toThrow("the ledger has no sale nothing");
  });

  test("I1: totals that differ from the counted orders", async () => {
    await sell(2);
    await rows.updateTable("products").set({ reserved: 1 }).execute();
    expect(onlyFinding(await verify({ gate: undefined as never }), "I1")).toContain("reserved is 1, but 2 orders are");
  });

  test("I1: more orders than units, even where the totals hide it", async () => {
    await sell(2);
    await rows.updateTable("products").set({ total: 1, reserved: 1 }).execute();
    expect(onlyFinding(await verify({ gate: undefined as never }), "I1")).toContain(
      "2 active orders are over the total of 1",
    );
  });

  test("I2: a user with more active orders than the limit", async () => {
    const [one, two] = (await sell(2)) as [AcceptedReservation, AcceptedReservation];
    await rows
      .updateTable("orders")
      .set({ user_id: one.userId, active_slot: 2 })
      .where("reservation_id", "=", two.reservationId)
      .execute();
    expect(onlyFinding(await verify(), "I2")).toBe(
      `user ${one.userId} has 2 units in active orders of product ${product.id}, whose limit is 1`,
    );
  });

  test("I3: a reservation that is ordered and rejected", async () => {
    const [one] = (await sell(1)) as [AcceptedReservation];
    const rejection = {
      sale_id: sale.id,
      product_id: product.id,
      user_id: one.userId,
      reason: "malformed" as const,
      epoch: 1,
    };
    await rows
      .insertInto("rejections")
      .values({ ...rejection, reservation_id: one.reservationId, rejected_at_ms: 1 })
      .execute();
    expect(onlyFinding(await verify(), "I3")).toBe(
      `reservation ${one.reservationId} is reserved and was rejected as malformed`,
    );
  });

  test("I3: a reservation that is somebody else's order, or lost although it is won", async () => {
    const [one, two] = (await sell(2)) as [AcceptedReservation, AcceptedReservation];
    const report = await verify({ told: [{ ...told(one, "won"), userId: "other" }, told(two, "lost")] });
    const finding = onlyFinding(report, "I3");
    expect(finding).toContain(
      `user other was told won for product ${product.id}, but it is user ${one.userId}'s order`,
    );
    expect(finding).toContain("was told lost, but the order is reserved");
  });

  test("I4: won without an order", async () => {
    const accepted = await accept();
    await ledger.orders.reject([accepted]);
    expect(onlyFinding(await verify({ told: [told(accepted, "won")] }), "I4")).toContain(
      "was told won, but malformed is recorded",
    );
  });

  test("I5: accepted, and nothing came of it", async () => {
    const [one] = (await sell(1)) as [AcceptedReservation];
    const forgotten = await accept();
    setAvailable(9);
    const report = await verify({ told: [told(one, "accepted"), told(forgotten, "accepted")] });
    expect(onlyFinding(report, "I5")).toContain(
      `reservation ${forgotten.reservationId}: user ${forgotten.userId} was told accepted`,
    );
  });

  test("I5: what waits in the queue, unless the sale is running", async () => {
    await queue.publish([await accept()]);
    expect(onlyFinding(await verify(), "I5")).toBe("1 reservations are in the queue");
    expect((await verify({ atRest: false })).results.I5).toEqual({ status: "not_asked", why: "the sale is running" });
  });

  test("I6: a unit that is nowhere, and one that is in two places", async () => {
    await sell(2);
    setAvailable(7);
    expect(onlyFinding(await verify(), "I6")).toContain("= 9, which is 1 short of the total of 10");
    setAvailable(9);
    const report = await verify({ atRest: false });
    expect(onlyFinding(report, "I6")).toContain(
      "gate 9 + returns 0 + reserved 2 + sold 0 = 11, which is over the total of 10",
    );
  });

  test("I6: an order whose message is still in the outbox, for want of an acknowledgement, is one unit, not two", async () => {
    const accepted = [];
    for (const user of ["ann", "bob"]) {
      const reservationId = unique("r");
      const outcome = await gate.reserve({ reservationId, saleId: sale.id, productId: product.id, userId: user });
      if (outcome.kind === "accepted") accepted.push(outcome.reservation);
    }
    await ledger.orders.record(accepted, { payWithinMs });
    expect(await gate.status(sale.id, product.id)).toMatchObject({ available: 8, outboxLength: 2 });
    const running = await verify({ atRest: false });
    expect(running.results.I6).toMatchObject({ status: "ok" });
    expect(running.ok).toBe(true);
  });

  test("I6: a unit whose message is in a consumer's hands is on its way, and without the message it is missing", async () => {
    await accept();
    const held = { depth: async () => ({ ready: 0, unacknowledged: 1 }) };
    expect((await verify({ queue: held })).results.I6).toMatchObject({ status: "ok" });
    const gone = { depth: async () => ({ ready: 0, unacknowledged: 0 }) };
    expect(onlyFinding(await verify({ queue: gone }), "I6")).toContain("1 short of the total of 10");
  });

  test("I6: a unit on its way back counts, one of an older epoch does not", async () => {
    const [one, two] = (await sell(2)) as [AcceptedReservation, AcceptedReservation];
    await ledger.orders.cancel(one.reservationId);
    expect((await verify()).results.I6).toMatchObject({ status: "ok" });
    await ledger.gates.raiseEpoch(product.id, 1);
    expect((await verify()).results.I6).toMatchObject({ status: "not_checked" });
    const inEpoch = (epoch: number): SaleProduct => ({ ...product, epoch });
    await rebuild(gate, { sale, inEpoch }, { epoch: 2, available: 9 });
    expect((await verify()).results.I6).toMatchObject({ status: "ok" });
    await ledger.orders.cancel(two.reservationId);
    expect((await verify()).results.I6).toMatchObject({ status: "ok" });
  });

  test("I6 is not checked while figures move, or the gate has forgotten what it once knew: at rest this is no success", async () => {
    let available = 10;
    const moving = { status: async () => ({ ...(await gate.status("", product.id))!, available: available-- }) };
    expect((await verify({ gate: moving })).results.I6).toEqual({
      status: "not_checked",
      why: "figures changed while they were read",
    });
    await ledger.gates.noteArmed([product.id], 1);
    const forgotten = await verify({ gate: new MemoryGate() });
    expect(forgotten.results.I6).toEqual({ status: "not_checked", why: `the gate knows nothing of ${product.id}` });
    expect([forgotten.ok, forgotten.outcome]).toEqual([false, "unchecked"]);
    const running = await verify({ gate: new MemoryGate(), atRest: false });
    expect([running.ok, running.outcome]).toEqual([true, "holds"]);
  });

  test("I6: a gate need not know a product that was never armed, or whose sale is long over", async () => {
    expect((await verify({ gate: new MemoryGate() })).results.I6).toMatchObject({ status: "ok" });
    await ledger.gates.noteArmed([product.id], 1);
    const nowMs = sale.endsAtMs + repairedAfterEndMs + 1;
    expect((await verify({ gate: new MemoryGate(), nowMs })).results.I6).toMatchObject({ status: "ok" });
  });

  test("I6: a product whose gate is unknown does not hide the findings of another one", async () => {
    const other = makeProduct(sale);
    await rows.insertInto("products").values(rowOfProduct(other)).execute();
    await ledger.gates.noteArmed([other.id], 1);
    await sell(1);
    setAvailable(10);
    expect(onlyFinding(await verify(), "I6")).toContain("which is over the total of 10");
  });

  test("I6: a gate that fell back behind what the ledger has seen", async () => {
    await sell(2);
    gate.stocks.get(product.id)!.sequence = 1;
    expect(onlyFinding(await verify(), "I6")).toBe(
      `product ${product.id}: the gate fell back to an older state: it is at sequence 1, the ledger has seen sequence 3`,
    );
  });

  test("I6: in a running sale, units that stay missing are a finding, and units that turn up are not", async () => {
    await sell(2);
    setAvailable(7);
    const report = await verify({ atRest: false, stillForMs: 200 });
    expect(onlyFinding(report, "I6")).toContain("which is 1 short of the total of 10; they do not move");
    const accepted = await accept();
    let looks = 0;
    const consumed = {
      status: async () => {
        // A consumer had it in its hands, and records it now.
        if (looks++ === 3) await ledger.orders.record([accepted], { payWithinMs });
        return gate.status("", product.id);
      },
    };
    setAvailable(7);
    expect((await verify({ atRest: false, gate: consumed, stillForMs: 5_000 })).results.I6).toMatchObject({
      status: "ok",
    });
  });

  test("I7: a released unit without a return, and a return without a released unit", async () => {
    const [one, two] = (await sell(2)) as [AcceptedReservation, AcceptedReservation];
    await ledger.orders.cancel(one.reservationId);
    await rows.updateTable("stock_returns").set({ reservation_id: two.reservationId }).execute();
    const finding = onlyFinding(await verify(), "I7");
    expect(finding).toContain(`the unit of reservation ${one.reservationId} (cancelled) has no return`);
    expect(finding).toContain(`the unit of reservation ${two.reservationId} (reserved) was returned`);
  });

  test("I8: a unit is free, or goes back, although somebody waits for it and the sale is open", async () => {
    const sold = await sell(10);
    await ledger.waiters.open(product.id);
    const request = { productId: product.id, gateVersion: 1_000, windowMs: 1_000, maxWaiting: 10 };
    await ledger.waiters.join({ ...request, userId: "ann" });
    expect((await verify()).results.I8).toMatchObject({ status: "ok" });
    await ledger.orders.cancel(sold[0]!.reservationId);
    expect(onlyFinding(await verify(), "I8")).toContain("free units 1, waiting buyers 1");
    for (const pending of await ledger.returns.pending(10)) {
      await gate.giveBack(pending);
      await ledger.returns.markReturned([pending]);
    }
    expect(onlyFinding(await verify(), "I8")).toContain("free units 1, waiting buyers 1");
    expect((await verify({ atRest: false })).ok).toBe(true);
    expect((await verify({ nowMs: sale.endsAtMs })).ok).toBe(true);
    await ledger.changes.change(sale.id, { kind: "pause", productId: undefined }, { actor: "test" });
    expect((await verify()).ok).toBe(true);
  });

  test("I8: units are left although buyers are, and then no unit is left", async () => {
    await sell(9);
    expect(onlyFinding(await verify({ demandLeft: true }), "I8")).toContain("reserved 9 + sold 0 of 10");
    expect((await verify({ demandLeft: false })).results.I8).toMatchObject({ status: "not_asked" });
    expect((await verify({ demandLeft: true, atRest: false })).results.I8).toMatchObject({ status: "not_asked" });
    await sell(1);
    expect((await verify({ demandLeft: true })).results.I8).toEqual({
      status: "ok",
      checked: "every unit is reserved or sold",
    });
  });

  describe("I9", () => {
    /** An order that was paid through a provider. */
    const sellForMoney = async (): Promise<{ order: AcceptedReservation; paymentId: string }> => {
      const [order] = (await sell(1)) as [AcceptedReservation];
      const payment = await openPayment(ledger, order.reservationId, Date.now());
      await ledger.payments.apply(eventOf(payment, "succeeded"));
      expect((await verify()).results.I9.status).toBe("ok");
      return { order, paymentId: payment.id };
    };

    test("a paid order without its money, and money without its unit", async () => {
      const { order, paymentId } = await sellForMoney();
      await rows.updateTable("payments").set({ state: "failed" }).execute();
      expect(onlyFinding(await verify(), "I9")).toBe(
        `order ${order.reservationId} is paid, but its payment ${paymentId} is failed`,
      );
      await rows.updateTable("payments").set({ state: "succeeded" }).execute();
      await rows.updateTable("orders").set({ paid_with: "none" }).execute();
      expect(onlyFinding(await verify(), "I9")).toBe(
        `payment ${paymentId} succeeded, but does not pay the order ${order.reservationId}, which is paid`,
      );
      await rows.updateTable("orders").set({ paid_with: null }).execute();
      expect(onlyFinding(await verify(), "I9")).toContain("is paid, but its payment (none) is unknown");
    });

    test("a refund that nobody will send, and one that nobody owes", async () => {
      const { order, paymentId } = await sellForMoney();
      await ledger.payments.callOff(order.reservationId);
      expect((await verify()).results.I9.status).toBe("ok");
      const refund = await rows.selectFrom("refunds").selectAll().executeTakeFirstOrThrow();
      await rows.deleteFrom("refunds").execute();
      expect(onlyFinding(await verify(), "I9")).toBe(`payment ${paymentId} is refund_pending and has no refund`);
      await rows.insertInto("refunds").values(refund).execute();
      await rows.updateTable("payments").set({ state: "succeeded" }).execute();
      expect(onlyFinding(await verify(), "I9")).toContain(`payment ${paymentId} is succeeded and has a waiting refund`);
    });

    test("an order whose refund ended without it", async () => {
      const { order } = await sellForMoney();
      await ledger.payments.callOff(order.reservationId);
      await rows.updateTable("payments").set({ state: "refunded" }).execute();
      await rows.updateTable("refunds").set({ refunded_at_ms: 1 }).execute();
      expect(onlyFinding(await verify(), "I9")).toBe(
        `order ${order.reservationId} is refund_due, but its payment is refunded`,
      );
    });
  });

  test("compares more answers than one reading of the ledger holds, and passes over other sales", async () => {
    const lost = Array.from({ length: 1_200 }, (_, index) => told({ ...accepting(index) }, "accepted"));
    const foreign = { ...told(accepting(1), "accepted"), productId: "elsewhere" };
    const result = (await verify({ gate: undefined as never, told: [...lost, foreign] })).results.I5;
    expect(result).toMatchObject({ status: "violated", count: 1_200 });
    expect(result.status === "violated" && result.examples.length).toBe(10);
  });

  const accepting = (index: number): AcceptedReservation => {
    return {
      reservationId: `x${index}`,
      saleId: sale.id,
      productId: product.id,
      userId: `u${index}`,
      epoch: 1,
      acceptedAtMs: 1,
    };
  };

  test("prints every invariant with its result", async () => {
    await sell(2);
    setAvailable(9);
    expect(renderReport(await verify()).split("\n")).toEqual([
      `sale ${sale.id}: INVARIANTS ARE VIOLATED`,
      `  product ${product.id}: total 10, reserved 2, sold 0, at the gate 9, in its outbox 0, going back 0, rejected 0`,
      "  queue: 0 waiting, 0 in the hands of consumers",
      "  ok           I1 never oversold (1 products in the ledger, totals and counted orders)",
      "  ok           I2 no user over the limit (active orders by product and user)",
      "  ok           I3 one reservation, one answer (the ledger alone)",
      "  not asked    I4 told won only for a committed order: no record of what clients were told",
      "  ok           I5 every accepted reservation is decided (the gate's outboxes, the queue)",
      "  VIOLATED     I6 conservation of units",
      `                 product ${product.id}: gate 9 + returns 0 + reserved 2 + sold 0 = 11, which is over the total of 10`,
      "  ok           I7 each unit returns at most once (returns against released orders and rejections)",
      "  not asked    I8 no undersell: nobody said whether demand was left",
      "  ok           I9 no money without a unit, no unit without money (payments and refunds against orders)",
      "  ok           I10 a bundle is whole, or holds nothing (bundles against their orders and payments)",
    ]);
  });
});
