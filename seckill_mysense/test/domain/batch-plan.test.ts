import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { holderKey, planBatch, type LedgerState } from "../../src/domain/batch-plan.ts";
import { sumOfUnits } from "../../src/domain/units.ts";
import { entryOf } from "../../src/domain/batch-entry.ts";

const reservation = fc.record({
  reservationId: fc.constantFrom("r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"),
  saleId: fc.constantFrom("sale", "sale", "sale", "other"),
  productId: fc.constantFrom("a", "b", "unknown"),
  userId: fc.constantFrom("u1", "u2", "u3", "bad user"),
  epoch: fc.constantFrom(1, 2),
  acceptedAtMs: fc.constant(1),
  quantity: fc.constantFrom(undefined, undefined, 1, 2, 3),
});
const product = fc
  .record({ total: fc.nat({ max: 5 }), reserved: fc.nat({ max: 5 }), limitPerUser: fc.integer({ min: 1, max: 3 }) })
  .map(({ total, reserved, limitPerUser }) => ({
    saleId: "sale",
    total,
    reserved: Math.min(reserved, total),
    sold: 0,
    limitPerUser,
    epoch: 1,
  }));
/** Some of the orders may have two units. */
const held = fc
  .tuple(fc.subarray([1, 2, 3]), fc.nat({ max: 1 }))
  .map(([slots, more]) => ({ slots: new Set(slots), units: slots.length === 0 ? 0 : slots.length + more }));
const state: fc.Arbitrary<LedgerState> = fc.record({
  products: fc.tuple(product, product).map(
    ([a, b]) =>
      new Map([
        ["a", a],
        ["b", b],
      ]),
  ),
  ordered: fc.subarray(["r1", "r2"]).map((ids) => new Set(ids)),
  rejected: fc
    .subarray(["r3", "r4"])
    .map((ids) => new Map(ids.map((id) => [id, { reason: "oversold" as const, epoch: 1 }]))),
  held: fc.tuple(held, held).map(
    ([one, two]) =>
      new Map([
        [holderKey("a", "u1"), one],
        [holderKey("b", "u2"), two],
      ]),
  ),
});

describe("planning a batch", () => {
  test("for any batch and any state: within the stock, within the limit, one decision per reservation", () => {
    fc.assert(
      fc.property(fc.array(reservation, { maxLength: 20 }), state, (batch: AcceptedReservation[], ledger) => {
        const plan = planBatch(batch.map(entryOf), ledger);
        expect(plan.outcomes).toHaveLength(batch.length);

        for (const [productId, { total, reserved, sold, limitPerUser }] of ledger.products) {
          const orders = plan.orders.filter((order) => order.reservation.productId === productId);
          const units = sumOfUnits(orders.map((order) => order.reservation));
          expect(units).toBe(plan.reserved.get(productId) ?? 0);
          expect(reserved + sold + units).toBeLessThanOrEqual(total);
          for (const [userId, mine] of Map.groupBy(orders, (order) => order.reservation.userId)) {
            const before = ledger.held.get(holderKey(productId, userId));
            const slots = [...(before?.slots ?? []), ...mine.map(({ slot }) => slot)];
            expect(new Set(slots).size).toBe(slots.length);
            const taken = sumOfUnits(mine.map((order) => order.reservation));
            expect((before?.units ?? 0) + taken).toBeLessThanOrEqual(limitPerUser);
            for (const { slot } of mine) expect(slot).toBeLessThanOrEqual(limitPerUser);
          }
        }
        const decided = [
          ...plan.orders.map((order) => order.reservation.reservationId),
          ...plan.rejections.map(({ entry }) => entry.reservationId),
        ];
        expect(new Set(decided).size).toBe(decided.length);
        for (const id of [...ledger.ordered, ...ledger.rejected.keys()]) expect(decided).not.toContain(id);
        const rejected = new Set(plan.rejections.map(({ entry }) => entry.reservationId));
        for (const { reservationId } of plan.returns) expect(rejected.has(reservationId)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("the first reservation gets the unit", () => {
    const one = { saleId: "s", total: 1, reserved: 0, sold: 0, limitPerUser: 1, epoch: 3 };
    const empty = { ordered: new Set<string>(), rejected: new Map(), held: new Map() };
    const ask = (reservationId: string, userId: string): AcceptedReservation => {
      return { reservationId, saleId: "s", productId: "p", userId, epoch: 3, acceptedAtMs: 1 };
    };
    const plan = planBatch([ask("late", "u1"), ask("later", "u2")].map(entryOf), {
      ...empty,
      products: new Map([["p", one]]),
    });
    expect(plan.outcomes).toEqual([{ kind: "recorded" }, { kind: "rejected", reason: "oversold" }]);
    expect(plan.returns).toMatchObject([{ reservationId: "later", epoch: 0 }]);
  });

  describe("after a rebuild of the gate", () => {
    const product = { saleId: "s", total: 9, reserved: 0, sold: 0, limitPerUser: 1, epoch: 2 };
    const ledger = { products: new Map([["p", product]]), ordered: new Set<string>(), held: new Map() };
    const ask = (epoch: number, changes: Partial<AcceptedReservation> = {}): AcceptedReservation => {
      return { reservationId: "r", saleId: "s", productId: "p", userId: "u", epoch, acceptedAtMs: 1, ...changes };
    };
    const plan = (batch: AcceptedReservation[], rejected: LedgerState["rejected"] = new Map()) =>
      planBatch(batch.map(entryOf), { ...ledger, rejected });

    test("what the gate accepted in an older epoch is refused, and has no unit to give back", () => {
      const { outcomes, returns, orders } = plan([ask(1)]);
      expect(outcomes).toEqual([{ kind: "rejected", reason: "gate_lost" }]);
      expect([returns, orders]).toEqual([[], []]);
    });

    test("the same reservation accepted again keeps its answer, and its newer unit goes back once", () => {
      const { outcomes, repeatedRejections } = plan([ask(1), ask(2), ask(2), ask(1)]);
      expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ kind: "rejected", reason: "gate_lost" })));
      expect(repeatedRejections).toMatchObject([{ reservationId: "r", epoch: 2 }]);
      const known = plan([ask(2)], new Map([["r", { reason: "gate_lost", epoch: 1 }]]));
      expect(known.repeatedRejections).toMatchObject([{ reservationId: "r", epoch: 2 }]);
      const told = plan([ask(2)], new Map([["r", { reason: "gate_lost", epoch: 2 }]]));
      expect(told.repeatedRejections).toEqual([]);
    });

    test("recorded first in the newer epoch, the older message is a duplicate", () => {
      expect(plan([ask(2), ask(1)]).outcomes).toEqual([{ kind: "recorded" }, { kind: "duplicate" }]);
    });

    test("the highest sequence of the orders is kept", () => {
      const batch = [5, 8, 6].map((sequence) =>
        ask(2, { sequence, reservationId: `r${sequence}`, userId: `u${sequence}` }),
      );
      expect([...plan(batch).sequences]).toEqual([["p", 8]]);
    });
  });
});
