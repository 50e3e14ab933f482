import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { partId } from "../../../src/domain/bundle.ts";
import type { RecordOutcome } from "../../../src/domain/order.ts";
import type { AcceptedReservation } from "../../../src/domain/reservation.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { acceptBundle, collectWithinMs, createShelf, windows, type AcceptedBundle } from "./bundle-fixtures.ts";
import { accept, createSale, payWithinMs, pendingReturns, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`bundles in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let nowMs = 10_000;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const record = (...batch: AcceptedReservation[]): Promise<RecordOutcome[]> => ledger.orders.record(batch, windows);
    const kindsOf = (outcomes: RecordOutcome[]): string[] =>
      outcomes.map((outcome) => (outcome.kind === "rejected" ? outcome.reason : outcome.kind));
    const stateOf = async ({ bundleId }: AcceptedBundle): Promise<unknown> => {
      const read = await ledger.bundles.read(bundleId);
      return read && [read.state, read.reason, read.orders.map(({ state }) => state)];
    };
    const reservedOf = async (products: readonly { id: string }[]): Promise<(number | undefined)[]> =>
      Promise.all(products.map(async ({ id }) => (await ledger.sales.readTotals(id))?.reserved));

    test("a bundle is complete with its last part, and all parts are to be paid before one moment", async () => {
      const { products } = await createShelf(ledger, 3);
      const bundle = acceptBundle(products);
      const [first, second, third] = bundle.accepted as [AcceptedReservation, AcceptedReservation, AcceptedReservation];
      expect(await ledger.bundles.read(bundle.bundleId)).toBeUndefined();

      expect(kindsOf(await record(third))).toEqual(["recorded"]);
      expect(await stateOf(bundle)).toEqual(["collecting", undefined, ["reserved"]]);
      const waiting = (await ledger.orders.read(third.reservationId))!;
      expect(waiting).toMatchObject({ bundleId: bundle.bundleId, payBeforeMs: nowMs + collectWithinMs });

      nowMs += 1_000;
      expect(kindsOf(await record(first, third))).toEqual(["recorded", "duplicate"]);
      expect(await stateOf(bundle)).toEqual(["collecting", undefined, ["reserved", "reserved"]]);

      nowMs += 1_000;
      expect(kindsOf(await record(second, second))).toEqual(["recorded", "duplicate"]);
      const complete = (await ledger.bundles.read(bundle.bundleId))!;
      const { bundleId, saleId, userId } = bundle;
      expect(complete).toMatchObject({ bundleId, saleId, userId, parts: 3, state: "complete" });
      expect(complete.orders.map(({ productId }) => productId)).toEqual(products.map(({ id }) => id));
      expect(complete.orders.map(({ payBeforeMs }) => payBeforeMs)).toEqual(Array(3).fill(nowMs + payWithinMs));
      expect(await reservedOf(products)).toEqual([1, 1, 1]);
    });

    test("the parts of several bundles may come in one batch, in any order, beside other reservations", async () => {
      const { products } = await createShelf(ledger, 8);
      const bundles = [acceptBundle(products), acceptBundle(products.slice(2, 5)), acceptBundle(products.slice(4))];
      const single = accept(products[0]!);
      const batch = [...bundles.flatMap(({ accepted }) => accepted), single].toReversed();
      expect(new Set(kindsOf(await record(...batch)))).toEqual(new Set(["recorded"]));
      const read = await ledger.bundles.readMany([...bundles.map(({ bundleId }) => bundleId), "bundle-unknown"]);
      expect(read.size).toBe(3);
      for (const { bundleId, accepted } of bundles) {
        const { state, orders } = read.get(bundleId)!;
        expect(state).toBe("complete");
        expect(orders.map(({ reservationId }) => reservationId)).toEqual(accepted.map((one) => one.reservationId));
      }
      expect(await ledger.orders.read(single.reservationId)).not.toHaveProperty("bundleId");
    });

    for (const [when, order] of [
      ["first", [0, 1, 2]],
      ["last", [1, 2, 0]],
      ["in the middle", [1, 0, 2]],
    ] as const) {
      for (const together of [true, false]) {
        const how = together ? "in one batch" : "in batches of their own";
        test(`a part that is refused ${when}, ${how}, breaks the bundle, and the others give their units back`, async () => {
          const { products } = await createShelf(ledger, 3);
          const bundle = acceptBundle(products);
          // Another order of the buyer: the limit is 1.
          await record(accept(products[0]!, { userId: bundle.userId }));
          const parts = order.map((index) => bundle.accepted[index]!);
          const outcomes = together
            ? await record(...parts)
            : [...(await record(parts[0]!)), ...(await record(parts[1]!)), ...(await record(parts[2]!))];
          const at = order.indexOf(0);
          expect(kindsOf(outcomes)).toEqual(
            order.map((_, index) => (index < at ? "recorded" : index === at ? "limit_per_user" : "bundle_broken")),
          );
          expect(await stateOf(bundle)).toEqual(["broken", "limit_per_user", Array(at).fill("reserved")]);

          await ledger.bundles.releaseBroken(100);
          expect(await stateOf(bundle)).toEqual(["broken", "limit_per_user", Array(at).fill("cancelled")]);
          expect(await reservedOf(products)).toEqual([1, 0, 0]);
          for (const [index, product] of products.entries())
            expect(await pendingReturns(ledger, product)).toEqual([bundle.accepted[index]!.reservationId]);
          // Released once, however often the step is repeated.
          await ledger.bundles.releaseBroken(100);
          expect(await reservedOf(products)).toEqual([1, 0, 0]);
          expect(await ledger.bundles.figures()).toMatchObject({ unreleased: 0 });
        });
      }
    }

    test("every reason for refusing a part breaks its bundle", async () => {
      const { products } = await createShelf(ledger, 2, { epoch: 2 });
      const late = acceptBundle(products);
      await record(late.accepted[0]!);
      expect(kindsOf(await record({ ...late.accepted[1]!, epoch: 1 }))).toEqual(["gate_lost"]);
      expect(await stateOf(late)).toEqual(["broken", "gate_lost", ["reserved"]]);

      const { products: few } = await createShelf(ledger, 2, { total: 1 });
      const [winner, loser] = [acceptBundle(few), acceptBundle(few)];
      await record(...winner.accepted);
      expect(kindsOf(await record(...loser.accepted))).toEqual(["oversold", "oversold"]);
      expect(await stateOf(loser)).toEqual(["broken", "oversold", []]);
      expect(await stateOf(winner)).toEqual(["complete", undefined, ["reserved", "reserved"]]);

      for (const refusal of ["malformed", "discarded"] as const) {
        const unreadable = acceptBundle(products);
        await record(unreadable.accepted[0]!);
        const { reservationId } = unreadable.accepted[1]!;
        expect(await ledger.orders.reject([{ reservationId }], refusal)).toEqual([
          { kind: "rejected", reason: refusal },
        ]);
        expect(await stateOf(unreadable)).toEqual(["broken", refusal, ["reserved"]]);
        // A message that says nothing about its sale writes no bundle down: the part itself breaks it when it comes.
        const early = acceptBundle(products);
        const [first, second] = early.accepted as [AcceptedReservation, AcceptedReservation];
        await ledger.orders.reject([{ reservationId: second.reservationId }], refusal);
        await record(first);
        expect(kindsOf(await record(second))).toEqual([refusal]);
        expect(await stateOf(early)).toEqual(["broken", refusal, ["reserved"]]);
      }

      const unknown = acceptBundle([products[0]!, { ...products[1]!, id: unique("nowhere") }]);
      expect(kindsOf(await record(...unknown.accepted))).toEqual(["recorded", "unknown_product"]);
      expect(await stateOf(unknown)).toEqual(["broken", "unknown_product", ["reserved"]]);
    });

    test("a part that names another user, sale or number of parts is malformed, and changes nothing about the bundle", async () => {
      const { products } = await createShelf(ledger, 3);
      const { product: foreign } = await createSale(ledger);
      const bundle = acceptBundle(products.slice(0, 2));
      const [first, second] = bundle.accepted as [AcceptedReservation, AcceptedReservation];
      await record(first);
      const third = (changes: Partial<AcceptedReservation>): AcceptedReservation => ({
        ...{ ...second, productId: products[2]!.id, ...changes },
      });
      const wrong = [
        third({ reservationId: partId(bundle.bundleId, 3, 3) }),
        third({ reservationId: partId(bundle.bundleId, 2, 8) }),
        third({ reservationId: partId(bundle.bundleId, 3, 2) }),
        third({ reservationId: partId(bundle.bundleId, 0, 2) }),
        third({ reservationId: bundle.bundleId }),
        third({ reservationId: `${bundle.bundleId}.2` }),
        accept(foreign, { reservationId: partId(bundle.bundleId, 4, 4), userId: bundle.userId }),
      ];
      expect(kindsOf(await record(...wrong))).toEqual(Array(wrong.length).fill("malformed"));
      expect(await stateOf(bundle)).toEqual(["collecting", undefined, ["reserved"]]);
      // Their units go back.
      expect(await pendingReturns(ledger, products[2]!)).toHaveLength(wrong.length - 1);

      const thief = acceptBundle(products.slice(0, 2));
      const stolen = { ...thief.accepted[1]!, reservationId: second.reservationId };
      expect(kindsOf(await record(stolen))).toEqual(["malformed"]);
      expect(await stateOf(bundle)).toEqual(["collecting", undefined, ["reserved"]]);
      // One reservation has one answer. So the bundle cannot become complete any more.
      expect(kindsOf(await record(second))).toEqual(["malformed"]);
      expect(await stateOf(bundle)).toEqual(["broken", "malformed", ["reserved"]]);
    });

    test("giving up breaks a bundle, refuses what comes later, and leaves a complete one as it is", async () => {
      const { products } = await createShelf(ledger, 2);
      const [whole, begun, ahead] = [acceptBundle(products), acceptBundle(products), acceptBundle(products)];
      await record(...whole.accepted, begun.accepted[1]!);
      expect(await ledger.bundles.giveUp(whole, "sold_out")).toBe("complete");
      expect(await stateOf(whole)).toEqual(["complete", undefined, ["reserved", "reserved"]]);
      expect(await ledger.bundles.giveUp(begun, "sold_out")).toBe("broken");
      expect(await ledger.bundles.giveUp(begun, "sale_ended")).toBe("broken");
      expect(await ledger.bundles.giveUp(ahead, "limit_per_user")).toBe("broken");
      expect(await stateOf(ahead)).toEqual(["broken", "limit_per_user", []]);

      expect(kindsOf(await record(begun.accepted[0]!, ...ahead.accepted))).toEqual(Array(3).fill("bundle_broken"));
      expect(await stateOf(begun)).toEqual(["broken", "sold_out", ["reserved"]]);
      await ledger.bundles.releaseBroken(100);
      expect(await stateOf(begun)).toEqual(["broken", "sold_out", ["cancelled"]]);
      expect(await reservedOf(products)).toEqual([1, 1]);
      const ids = [begun, ahead].flatMap(({ accepted }) => accepted.map((one) => one.reservationId));
      const returned = [
        ...(await pendingReturns(ledger, products[0]!)),
        ...(await pendingReturns(ledger, products[1]!)),
      ];
      expect(returned.toSorted()).toEqual(ids.toSorted());
    });

    test("only the bundle's own user, sale and number of parts give it up", async () => {
      const { products } = await createShelf(ledger, 2);
      const bundle = acceptBundle(products);
      await record(bundle.accepted[0]!);
      for (const change of [{ userId: "mallory" }, { saleId: "elsewhere" }, { parts: 3 }]) {
        expect(await ledger.bundles.giveUp({ ...bundle, ...change }, "sold_out")).toBe("collecting");
      }
      for (const wrong of [{ parts: 9 }, { parts: 1 }, { bundleId: "reservation-1" }]) {
        await expect(ledger.bundles.giveUp({ ...bundle, ...wrong }, "sold_out")).rejects.toThrow("no bundle of");
      }
      expect(kindsOf(await record(bundle.accepted[1]!))).toEqual(["recorded"]);
    });

    test("a bundle whose last part does not come in time is broken, and no other one", async () => {
      const { products } = await createShelf(ledger, 2);
      const [slow, fast, fresh] = [acceptBundle(products), acceptBundle(products), acceptBundle(products)];
      await record(slow.accepted[0]!, ...fast.accepted);
      nowMs += collectWithinMs;
      await record(fresh.accepted[0]!);
      await ledger.bundles.breakOverdue(nowMs, 100);
      expect(await stateOf(slow)).toEqual(["collecting", undefined, ["reserved"]]);
      nowMs += 1;
      // The parts of a collecting bundle do not expire by themselves.
      await ledger.orders.expireUnpaid(nowMs, 1_000);
      expect(await stateOf(slow)).toEqual(["collecting", undefined, ["reserved"]]);
      expect(await ledger.bundles.figures()).toMatchObject({ oldestCollectingMs: nowMs - collectWithinMs - 1 });
      expect(await ledger.bundles.breakOverdue(nowMs, 100)).toBeGreaterThanOrEqual(1);
      expect(await stateOf(slow)).toEqual(["broken", "bundle_broken", ["reserved"]]);
      expect(await ledger.bundles.figures()).toMatchObject({ unreleased: 1, oldestUnreleasedMs: nowMs });
      expect(await stateOf(fast)).toEqual(["complete", undefined, ["reserved", "reserved"]]);
      expect(await stateOf(fresh)).toEqual(["collecting", undefined, ["reserved"]]);
      expect(kindsOf(await record(slow.accepted[1]!))).toEqual(["bundle_broken"]);
      expect(await ledger.bundles.releaseBroken(100)).toBe(1);
      expect(await reservedOf(products)).toEqual([2, 1]);
    });

    test("a part that the rebuilt gate accepted once more for a broken bundle gives its newer unit back", async () => {
      const { products } = await createShelf(ledger, 2);
      const bundle = acceptBundle(products);
      await ledger.bundles.giveUp(bundle, "sold_out");
      const [first] = bundle.accepted as [AcceptedReservation];
      await record(first);
      await ledger.returns.markReturned([{ ...first, epoch: 1 }]);
      expect(await ledger.gates.raiseEpoch(first.productId, 1)).toBe(true);
      expect(kindsOf(await record({ ...first, epoch: 2 }))).toEqual(["bundle_broken"]);
      const returned = await ledger.returns.pending(1_000);
      expect(returned.filter(({ productId }) => productId === first.productId)).toEqual([
        expect.objectContaining({ reservationId: first.reservationId, epoch: 2 }),
      ]);
    });
  });
}
