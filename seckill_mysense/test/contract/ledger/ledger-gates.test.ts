import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { GateRecord } from "../../../src/ledger/gates.ts";
import { heldText } from "../../../src/gate/held-text.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { accept, acceptMany, createSale, makeProduct, makeSale, payWithinMs, recordOrders } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`gates in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    const nowMs = 100_000;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const recordOf = async (productId: string): Promise<GateRecord> => (await ledger.gates.read([productId]))[0]!;

    test("a record has the sale, the epochs, the sequence and the figures of one moment", async () => {
      const { sale, product } = await createSale(ledger, { total: 10 });
      const untouched = { sale, product, armedEpoch: 0, sequence: 0, pendingReturns: 0 };
      expect(await recordOf(product.id)).toMatchObject({ ...untouched, taken: 0 });
      const orders = [7, 9, 8].map((sequence) => accept(product, { sequence }));
      await ledger.orders.record(orders, { payWithinMs });
      await ledger.orders.record([accept(product, { sequence: 5 }), accept(product)], { payWithinMs });
      await ledger.orders.pay(orders[0]!.reservationId, 1);
      await ledger.orders.cancel(orders[1]!.reservationId);
      expect(await recordOf(product.id)).toMatchObject({ sequence: 9, pendingReturns: 1, taken: 4 });
      // The return belongs to the epoch before.
      await ledger.gates.raiseEpoch(product.id, 1);
      expect(await recordOf(product.id)).toMatchObject({ product: { epoch: 2 }, pendingReturns: 0, taken: 4 });
      expect(await ledger.gates.read(["nothing"])).toEqual([]);
      expect(await ledger.gates.read([])).toEqual([]);
    });

    test("slices go through all products once, without sales that ended long ago", async () => {
      const over = makeSale({ startsAtMs: 1, endsAtMs: 10 });
      const running = makeSale();
      const ids = Array.from({ length: 5 }, () => makeProduct(running));
      await ledger.sales.create(running, ids);
      await ledger.sales.create(over, [makeProduct(over)]);
      const seen: string[] = [];
      for (let after = ""; ;) {
        const slice = await ledger.gates.slice(after, 2, 11);
        seen.push(...slice.map(({ product }) => product.id));
        if (slice.length < 2) break;
        after = slice.at(-1)!.product.id;
      }
      expect(seen).toEqual([...new Set(seen)].toSorted());
      expect(seen).toEqual(expect.arrayContaining(ids.map(({ id }) => id)));
      expect((await ledger.gates.slice("", 1_000, 11)).map(({ sale }) => sale.id)).not.toContain(over.id);
      expect((await ledger.gates.slice("", 1_000, 10)).map(({ sale }) => sale.id)).toContain(over.id);
    });

    test("arming is written down once for each epoch, whoever comes first", async () => {
      const { product } = await createSale(ledger);
      const unarmed = async () => (await ledger.gates.unarmed("", 1_000, 0)).map((record) => record.product.id);
      expect(await unarmed()).toContain(product.id);
      const others = [ledger, place.connect(), place.connect()];
      const noted = await Promise.all(others.map(({ gates }) => gates.noteArmed([product.id, "nothing"], 1)));
      expect(noted.map(({ size }) => size).toSorted()).toEqual([0, 0, 1]);
      expect(await recordOf(product.id)).toMatchObject({ armedEpoch: 1 });
      expect(await unarmed()).not.toContain(product.id);
      expect((await ledger.gates.noteArmed([product.id], 2)).size).toBe(0);
      await ledger.gates.raiseEpoch(product.id, 1);
      expect((await ledger.gates.noteArmed([product.id], 1)).size).toBe(0);
      expect((await ledger.gates.noteArmed([product.id], 2)).size).toBe(1);
      expect((await ledger.gates.noteArmed([], 2)).size).toBe(0);
    });

    test("of several that raise the epoch, one succeeds", async () => {
      const { product } = await createSale(ledger);
      const others = [ledger, place.connect()];
      const raised = await Promise.all(others.map(({ gates }) => gates.raiseEpoch(product.id, 1)));
      expect(raised.toSorted()).toEqual([false, true]);
      expect(await ledger.gates.raiseEpoch(product.id, 2, 7)).toBe(true);
      expect(await recordOf(product.id)).toMatchObject({ product: { epoch: 7 } });
      expect(await ledger.gates.raiseEpoch("nothing", 1)).toBe(false);
    });

    test("the next epochs of many products begin together, each of them once", async () => {
      const [one, two] = [await createSale(ledger), await createSale(ledger, { epoch: 4 })];
      const wanted = [one.product, two.product, { id: "nothing", epoch: 1 }];
      const begun = await Promise.all([ledger, place.connect()].map(({ gates }) => gates.beginEpochs(wanted)));
      expect(begun.map(({ size }) => size).toSorted()).toEqual([0, 2]);
      expect(await recordOf(one.product.id)).toMatchObject({ product: { epoch: 2 }, armedEpoch: 2 });
      expect(await recordOf(two.product.id)).toMatchObject({ product: { epoch: 5 }, armedEpoch: 5 });
      expect((await ledger.gates.beginEpochs([])).size).toBe(0);
    });

    test("the content of a gate names each reservation in the place where it belongs", async () => {
      const { product } = await createSale(ledger, { total: 5, limitPerUser: 3 });
      const [one, two, cancelled, paid] = [
        accept(product, { userId: "ann", quantity: 2 }),
        accept(product, { userId: "ann" }),
        ...acceptMany(product, 2),
      ] as const;
      const tooMany = accept(product);
      await ledger.orders.record([one, two, cancelled!, paid!, tooMany], { payWithinMs });
      await ledger.orders.cancel(cancelled!.reservationId);
      await ledger.orders.pay(paid!.reservationId, 1);
      await recordOrders(ledger, 2);
      const content = (await ledger.gates.content(product.id))!;
      expect(content.record).toEqual(await recordOf(product.id));
      const holders = [...content.holders].map(([user, ids]) => [user, ids.map(heldText).toSorted()]);
      expect(holders.toSorted()).toEqual(
        [
          ["ann", [`${one.reservationId}{2}`, two.reservationId].toSorted()],
          [paid!.userId, [paid!.reservationId]],
        ].toSorted(),
      );
      expect(content.decided.toSorted()).toEqual([cancelled!.reservationId, tooMany.reservationId].toSorted());
      expect(await ledger.gates.content("nothing")).toBeUndefined();
    });

    test("after the epoch was raised, the ledger takes nothing of older epochs that it does not have", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const straggler = accept(product);
      await ledger.gates.raiseEpoch(product.id, 1);
      const lost = { kind: "rejected", reason: "gate_lost" } as const;
      expect(await ledger.orders.record([orders[0]!, straggler], { payWithinMs })).toEqual([
        { kind: "duplicate" },
        lost,
      ]);
      const returns = async () => (await ledger.returns.pending(1_000)).filter((one) => one.productId === product.id);
      expect(await returns()).toEqual([]);
      // The rebuilt gate did not know the reservation, and has accepted it again.
      const again = { ...straggler, epoch: 2 };
      for (let delivery = 0; delivery < 3; delivery++) {
        expect(await ledger.orders.record([again], { payWithinMs })).toEqual([lost]);
      }
      expect(await returns()).toMatchObject([{ reservationId: straggler.reservationId, epoch: 2 }]);
      await ledger.returns.markReturned(await returns());
      expect(await ledger.orders.record([again, straggler], { payWithinMs })).toEqual([lost, lost]);
      expect(await returns()).toEqual([]);
      expect((await ledger.audit.auditSale(product.saleId))!.wrongReturns.count).toBe(0);
    });

    test("repairs are kept with their beginning and their end", async () => {
      const { product } = await createSale(ledger);
      expect(await ledger.gates.comparedAtMs(product.id)).toBeUndefined();
      const start = { productId: product.id, reason: "x".repeat(400), startedBy: "gateway-1", fromEpoch: 1 };
      const [first, second] = [await ledger.gates.startRepair(start), await ledger.gates.startRepair(start)];
      expect(second).toBeGreaterThan(first);
      await ledger.gates.endRepair(second, { toEpoch: 2, units: 5 });
      await ledger.gates.noteCompared([product.id]);
      await ledger.gates.noteCompared([]);
      expect(await ledger.gates.comparedAtMs(product.id)).toBe(nowMs);
      const bare = place.open();
      const rows = await bare.kysely.selectFrom("repairs").selectAll().where("product_id", "=", product.id).execute();
      await bare.close();
      expect(rows.map(({ to_epoch, units, ended_at_ms }) => [to_epoch, units, ended_at_ms])).toEqual([
        [null, null, null],
        [2, 5, nowMs],
      ]);
    });
  });
}
