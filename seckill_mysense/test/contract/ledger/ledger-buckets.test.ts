import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../../src/domain/buckets.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { acceptMany, createSale, makeProduct, makeSale, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const actor = "the merchant";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`buckets, in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    /** A published sale of one product in buckets of ten units; resolves with the ids. */
    async function createBuckets(count: number): Promise<{ saleId: string; ids: string[] }> {
      const sale = makeSale();
      const buckets = splitIntoBuckets(makeProduct(sale, { total: count * 10 }), count);
      await ledger.changes.create(sale, buckets, { actor, state: "published" });
      return { saleId: sale.id, ids: buckets.map(({ id }) => id) };
    }

    async function totals(saleId: string): Promise<number[]> {
      return (await ledger.changes.read(saleId))!.products.map(({ total }) => total);
    }

    test("a move takes its units from one bucket and gives them to the other, once, in one step", async () => {
      const { saleId, ids } = await createBuckets(3);
      const [from, to] = ids as [string, string];
      const before = (await ledger.changes.since(-1, { endedAfterMs: 0 })).revision;
      const asked = (await ledger.changes.askForMove({ from, to, units: 4 }))!;
      expect(asked.product.lowering).toEqual({ total: 6, to, since: before + 1 });
      expect(await totals(saleId)).toEqual([10, 10, 10]);
      const { since } = asked.product.lowering!;
      const settled = await ledger.changes.settleLowering({ productId: from, epoch: 1, since }, "applied");
      expect(settled).toMatchObject({
        product: { id: from, total: 6, lowering: undefined },
        receiver: { id: to, total: 14 },
      });
      expect(await ledger.changes.settleLowering({ productId: from, epoch: 1, since }, "applied")).toMatchObject({
        product: { id: from, total: 6 },
      });
      expect(await totals(saleId)).toEqual([6, 14, 10]);
      const changed = (await ledger.changes.since(before, { endedAfterMs: 0 })).products;
      expect(changed.map(({ id }) => id).sort()).toEqual([from, to].sort());
      // A merchant's version is not changed by what the system does on its own.
      expect((await ledger.changes.read(saleId))!.sale.version).toBe(1);
    });

    test("a move that the gate refused, or whose bucket is in another epoch by now, changes no total", async () => {
      const { saleId, ids } = await createBuckets(2);
      const [from, to] = ids as [string, string];
      const first = (await ledger.changes.askForMove({ from, to, units: 4 }))!.product.lowering!;
      await ledger.changes.settleLowering({ productId: from, epoch: 1, since: first.since }, "refused");
      const second = (await ledger.changes.askForMove({ from, to, units: 4 }))!.product.lowering!;
      expect(second.since).toBeGreaterThan(first.since);
      await ledger.gates.raiseEpoch(from, 1);
      await ledger.changes.settleLowering({ productId: from, epoch: 1, since: second.since }, "applied");
      expect(await totals(saleId)).toEqual([10, 10]);
    });

    test("a bucket is in one move at a time, and gives no more than is not taken", async () => {
      const { saleId, ids } = await createBuckets(3);
      const [a, b, c] = ids as [string, string, string];
      const other = (await createBuckets(2)).ids;
      await ledger.orders.record(acceptMany(bucket(saleId, b), 8), { payWithinMs });
      const refused = [
        { from: b, to: a, units: 3 },
        { from: a, to: b, units: 0 },
        { from: a, to: a, units: 1 },
        { from: a, to: other[0]!, units: 1 },
        { from: a, to: "nobody", units: 1 },
      ];
      for (const move of refused) expect(await ledger.changes.askForMove(move)).toBeUndefined();
      expect(await ledger.changes.askForMove({ from: a, to: b, units: 10 })).toBeDefined();
      for (const move of [
        { from: a, to: c, units: 1 },
        { from: b, to: c, units: 1 },
        { from: c, to: a, units: 1 },
      ]) {
        expect(await ledger.changes.askForMove(move)).toBeUndefined();
      }
      // Several may give to one, since the ledger adds to what the bucket has when the move is settled.
      expect(await ledger.changes.askForMove({ from: c, to: b, units: 1 })).toBeDefined();
    });

    test("moves that many ask for at once keep every unit", async () => {
      const { saleId, ids } = await createBuckets(4);
      const others = Array.from({ length: 4 }, () => place.connect());
      await Promise.all(
        others.flatMap((other, index) =>
          ids.map(async (from, at) => {
            const to = ids[(at + 1 + index) % ids.length]!;
            const asked = await other.changes.askForMove({ from, to, units: 1 + index });
            if (asked === undefined) return;
            const { since } = asked.product.lowering!;
            await other.changes.settleLowering({ productId: from, epoch: 1, since }, "applied");
          }),
        ),
      );
      const after = await totals(saleId);
      expect(after.reduce((sum, total) => sum + total, 0)).toBe(40);
      expect((await ledger.changes.read(saleId))!.products.map(({ lowering }) => lowering)).toEqual(
        ids.map(() => undefined),
      );
    });

    test("a waiting list says whether its product has other buckets, whose units could be moved to it", async () => {
      const { ids } = await createBuckets(2);
      const { product } = await createSale(ledger);
      // Begins like a bucket's id, and is none.
      const { product: similar } = await createSale(ledger, { id: `${product.id}-1` });
      for (const id of [...ids, product.id, similar.id]) await ledger.waiters.open(id);
      const lists = await ledger.waiters.lists("", 100);
      expect(Object.fromEntries(lists.map((list) => [list.product.id, list.isSplit]))).toEqual({
        ...{ [ids[0]!]: true, [ids[1]!]: true },
        ...{ [product.id]: false, [similar.id]: false },
      });
    });

    test("the most who may wait for a product are counted over all of its buckets, also when many join at once", async () => {
      const { ids } = await createBuckets(3);
      for (const id of ids) await ledger.waiters.open(id);
      const others = Array.from({ length: 4 }, () => place.connect());
      const gateVersion = Number.MAX_SAFE_INTEGER;
      const outcomes = await Promise.all(
        others.flatMap(({ waiters }, index) =>
          ids.map((productId) =>
            waiters.join({ productId, userId: `${productId} ${index}`, gateVersion, windowMs: 1_000, maxWaiting: 7 }),
          ),
        ),
      );
      const kinds = Map.groupBy(outcomes, ({ kind: outcome }) => outcome);
      expect([kinds.get("joined")?.length, kinds.get("full")?.length]).toEqual([7, 5]);
      const lengths = await Promise.all(ids.map(async (id) => (await ledger.waiters.places(id)).length));
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(7);
    });

    test("what a merchant changes about the product reaches all of its buckets", async () => {
      const { saleId, ids } = await createBuckets(3);
      const [id] = ids as [string];
      await ledger.orders.record(acceptMany(bucket(saleId, id), 10), { payWithinMs });
      const change = (asked: Parameters<typeof ledger.changes.change>[1]) =>
        ledger.changes.change(saleId, asked, { actor });
      await change({ kind: "restock", productId: id, units: 4 });
      expect(await totals(saleId)).toEqual([12, 11, 11]);
      await change({ kind: "update", products: [{ id, name: "New", limitPerUser: 2 }] });
      await change({ kind: "pause", productId: id });
      expect((await ledger.changes.read(saleId))!.products).toMatchObject(
        ids.map((one) => ({ id: one, name: "New", limitPerUser: 2, paused: true })),
      );
      const lowered = (await change({ kind: "restock", productId: id, units: -9 }))!;
      // The first bucket has two free units, so the others give the rest.
      expect(lowered.products.map(({ total, lowering }) => lowering?.total ?? total)).toEqual([12, 6, 7]);
      await expect(change({ kind: "update", products: [{ id, buckets: 2 }] })).rejects.toThrow("cannot change");
      await expect(change({ kind: "restock", productId: id, units: -1 })).rejects.toThrow("try again later");
    });

    function bucket(saleId: string, id: string) {
      return { ...makeProduct(makeSale({ id: saleId })), id };
    }
  });
}
