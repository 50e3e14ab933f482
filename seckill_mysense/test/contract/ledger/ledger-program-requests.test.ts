import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { ProgramRequest } from "../../../src/ledger/program-requests.ts";
import { makeProduct, makeSale } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const request = (reservationId: string, more: Partial<ProgramRequest> = {}): ProgramRequest => ({
  reservationId,
  program: "shop",
  requestId: `order-${reservationId}`,
  saleId: "spring",
  productId: "lamp",
  userId: "shop:ada",
  quantity: 1,
  requestedAtMs: 1_700_000_000_000,
  ...more,
});

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`requests of programs on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("a request is kept as it first came, and every later one is answered with it", async () => {
      const first = request("one");
      expect(await ledger.programRequests.register(first)).toEqual(first);
      const later = request("one", { productId: "chair", quantity: 3, requestedAtMs: 1_800_000_000_000 });
      expect(await ledger.programRequests.register(later)).toEqual(first);
      expect(await ledger.programRequests.read("one")).toEqual(first);
      expect(await ledger.programRequests.read("two")).toBeUndefined();
    });

    /** Looks at all requests in steps of two. */
    async function forgetAll(endedBeforeMs: number): Promise<number> {
      let steps = 0;
      for (let after: string | undefined = ""; after !== undefined; steps++) {
        after = await ledger.programRequests.forget({ after, limit: 2, endedBeforeMs });
      }
      return steps;
    }

    test("requests of sales that ended before a moment are forgotten in small steps, and no others", async () => {
      const sales = [makeSale({ endsAtMs: 5_000 }), makeSale({ endsAtMs: 6_000 })];
      for (const sale of sales) await ledger.sales.create(sale, [makeProduct(sale)]);
      const saleIds = [...sales.map(({ id }) => id), "a sale that is not in the ledger"];
      const ids = ["a", "b", "c", "d", "e", "f"].map((name) => `forgotten ${name}`);
      const asked = ids.map((id, index) => request(id, { saleId: saleIds[index % 3]! }));
      for (const one of asked) await ledger.programRequests.register(one);
      expect(await forgetAll(5_000)).toBeGreaterThan(3);
      for (const one of asked) expect(await ledger.programRequests.read(one.reservationId)).toEqual(one);
      await forgetAll(5_001);
      const left = await Promise.all(ids.map((id) => ledger.programRequests.read(id)));
      expect(left.map((one) => one?.saleId)).toEqual([undefined, ...saleIds.slice(1), undefined, ...saleIds.slice(1)]);
    });

    test("a request that is forgotten still stands if it was ordered or rejected: its id takes no second unit", async () => {
      const sale = makeSale({ startsAtMs: 1_000, endsAtMs: 9_000 });
      const product = makeProduct(sale, { total: 2, limitPerUser: 2 });
      await ledger.sales.create(sale, [product]);
      const ofProduct = { saleId: sale.id, productId: product.id };
      const ordered = request("ordered", { ...ofProduct, userId: "shop:ada", quantity: 2 });
      const rejected = request("rejected", { ...ofProduct, userId: "shop:bob", quantity: 1 });
      const refused = request("refused", { ...ofProduct, userId: "shop:cid", quantity: 1 });
      for (const one of [ordered, rejected, refused]) await ledger.programRequests.register(one);
      for (const { reservationId, userId, quantity } of [ordered, rejected]) {
        const accepted = { ...ofProduct, reservationId, userId, quantity, epoch: 1, acceptedAtMs: 1_500 };
        await ledger.orders.record([accepted], { payWithinMs: 60_000 });
      }
      await forgetAll(9_001);
      for (const one of [ordered, rejected, refused]) {
        expect(await ledger.programRequests.read(one.reservationId)).toBeUndefined();
      }
      const again = (one: ProgramRequest) => ledger.programRequests.register({ ...one, productId: "of-another-sale" });
      expect(await again(ordered)).toMatchObject({ ...ofProduct, userId: "shop:ada", quantity: 2 });
      expect(await again(rejected)).toMatchObject({ ...ofProduct, userId: "shop:bob" });
      // Nothing was ever taken for this one, so its id is free again.
      expect(await again(refused)).toMatchObject({ productId: "of-another-sale" });
    });

    test("of many at once, from several processes, one stands for all", async () => {
      const processes = [ledger, place.connect(), place.connect()];
      for (let round = 0; round < 10; round++) {
        const wanted = Array.from({ length: 30 }, (_none, index) =>
          request(`race-${round}`, { productId: `p${index}` }),
        );
        const standing = await Promise.all(
          wanted.map((one, index) => processes[index % 3]!.programRequests.register(one)),
        );
        const products = new Set(standing.map(({ productId }) => productId));
        expect(products.size).toBe(1);
        expect((await ledger.programRequests.read(`race-${round}`))!.productId).toBe([...products][0]!);
      }
    });
  });
}
