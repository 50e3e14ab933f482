import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { maxRecordBatch } from "../../../src/ledger/orders.ts";
import { accept, acceptMany, createSale, payWithinMs, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const recorded = { kind: "recorded" } as const;
const duplicate = { kind: "duplicate" } as const;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`recording in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let nowMs = 10_000;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("a batch becomes orders that count against the stock", async () => {
      nowMs = 20_000;
      const { product } = await createSale(ledger, { total: 5 });
      const batch = acceptMany(product, 3);
      expect(await ledger.orders.record(batch, { payWithinMs: 500 })).toEqual([recorded, recorded, recorded]);
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 5, reserved: 3, sold: 0 });
      expect(await ledger.orders.read(batch[1]!.reservationId)).toEqual({
        ...batch[1]!,
        state: "reserved",
        recordedAtMs: 20_000,
        payBeforeMs: 20_500,
        ...{ productName: product.name, priceMinor: product.priceMinor, currency: product.currency, quantity: 1 },
        ...{ paidAtMs: undefined, cancelledAtMs: undefined, expiredAtMs: undefined, refundedAtMs: undefined },
      });
    });

    test("a user's orders are listed, the newest first, and nobody else's", async () => {
      const { product } = await createSale(ledger, { limitPerUser: 5 });
      const { product: other } = await createSale(ledger, { limitPerUser: 5 });
      const userId = unique("user");
      const mine = [accept(product, { userId }), accept(other, { userId }), accept(product, { userId })];
      for (const reservation of mine) {
        nowMs += 1_000;
        await ledger.orders.record([reservation, accept(product)], { payWithinMs });
      }
      await ledger.orders.cancel(mine[1]!.reservationId);
      const listed = await ledger.orders.readOfUser(userId, 10);
      expect(listed.map(({ reservationId }) => reservationId)).toEqual(
        mine.map(({ reservationId }) => reservationId).toReversed(),
      );
      expect(listed[1]).toEqual(await ledger.orders.read(mine[1]!.reservationId));
      expect(listed.map(({ state }) => state)).toEqual(["reserved", "cancelled", "reserved"]);
      expect((await ledger.orders.readOfUser(userId, 2)).map(({ productId }) => productId)).toEqual([
        product.id,
        other.id,
      ]);
      expect(await ledger.orders.readOfUser(unique("user"), 10)).toEqual([]);
    });

    test("an empty batch is nothing to do", async () => {
      expect(await ledger.orders.record([], { payWithinMs })).toEqual([]);
    });

    test("a reservation that comes again is a duplicate and takes nothing", async () => {
      const { product } = await createSale(ledger);
      const batch = acceptMany(product, 2);
      await ledger.orders.record(batch, { payWithinMs });
      const before = await ledger.orders.read(batch[0]!.reservationId);
      nowMs += 1_000;
      expect(await ledger.orders.record([...batch, accept(product)], { payWithinMs })).toEqual([
        duplicate,
        duplicate,
        recorded,
      ]);
      expect(await ledger.orders.read(batch[0]!.reservationId)).toEqual(before);
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 3 });
    });

    test("a reservation that stands twice in one batch is one order", async () => {
      const { product } = await createSale(ledger);
      const reservation = accept(product);
      expect(await ledger.orders.record([reservation, reservation], { payWithinMs })).toEqual([recorded, duplicate]);
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 1 });
    });

    test("a reservation id that comes again for another buyer changes nothing", async () => {
      const { product } = await createSale(ledger);
      const first = accept(product);
      await ledger.orders.record([first], { payWithinMs });
      const foreign = accept(product, { reservationId: first.reservationId });
      expect(await ledger.orders.record([foreign], { payWithinMs })).toEqual([duplicate]);
      expect(await ledger.orders.read(first.reservationId)).toMatchObject({ userId: first.userId });
    });

    test("more reservations than units: the first ones get them, the others are told, now and later", async () => {
      const { product } = await createSale(ledger, { total: 2 });
      const batch = acceptMany(product, 4);
      const oversold = { kind: "rejected", reason: "oversold" } as const;
      expect(await ledger.orders.record(batch, { payWithinMs })).toEqual([recorded, recorded, oversold, oversold]);
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 2, reserved: 2, sold: 0 });
      expect(await ledger.orders.readRejection(batch[3]!.reservationId)).toBe("oversold");
      expect(await ledger.orders.readRejection(batch[0]!.reservationId)).toBeUndefined();

      await ledger.orders.cancel(batch[0]!.reservationId);
      expect(await ledger.orders.record([batch[3]!], { payWithinMs })).toEqual([oversold]);
      expect(await ledger.orders.read(batch[3]!.reservationId)).toBeUndefined();
    });

    test("a unit that never existed does not go back to the gate, but its buyer is freed there", async () => {
      const { product } = await createSale(ledger, { total: 0 });
      const reservation = accept(product);
      await ledger.orders.record([reservation], { payWithinMs });
      const returns = await ledger.returns.pending(1_000);
      expect(returns.filter(({ productId }) => productId === product.id)).toMatchObject([
        { epoch: 0, userId: reservation.userId },
      ]);
    });

    test("a buyer over the limit is refused, and the unit goes back in the epoch in which it was taken", async () => {
      const { product } = await createSale(ledger);
      const userId = unique("user");
      const [first, second] = [accept(product, { userId }), accept(product, { userId, epoch: 7 })];
      const overLimit = { kind: "rejected", reason: "limit_per_user" } as const;
      expect(await ledger.orders.record([first, second], { payWithinMs })).toEqual([recorded, overLimit]);
      expect(await ledger.orders.record([second], { payWithinMs })).toEqual([overLimit]);
      const returns = await ledger.returns.pending(1_000);
      expect(returns.filter(({ productId }) => productId === product.id)).toMatchObject([
        { reservationId: second.reservationId, saleId: product.saleId, productId: product.id, userId, epoch: 7 },
      ]);
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 1 });
    });

    test("a limit of three is three active orders, over several batches and after a cancellation", async () => {
      const { product } = await createSale(ledger, { limitPerUser: 3 });
      const userId = unique("user");
      const orders = Array.from({ length: 5 }, () => accept(product, { userId }));
      const kinds = async (batch: typeof orders): Promise<string[]> =>
        (await ledger.orders.record(batch, { payWithinMs })).map((outcome) => outcome.kind);
      expect(await kinds(orders.slice(0, 2))).toEqual(["recorded", "recorded"]);
      expect(await kinds(orders.slice(2, 4))).toEqual(["recorded", "rejected"]);
      await ledger.orders.cancel(orders[1]!.reservationId);
      expect(await kinds([orders[4]!, accept(product, { userId })])).toEqual(["recorded", "rejected"]);
    });

    test("the limit counts per product", async () => {
      const { product } = await createSale(ledger);
      const { product: other } = await createSale(ledger);
      const userId = unique("user");
      expect(
        await ledger.orders.record([accept(product, { userId }), accept(other, { userId })], { payWithinMs }),
      ).toEqual([recorded, recorded]);
    });

    test("a product that does not exist, or of another sale, is refused without harm to the others", async () => {
      const { product } = await createSale(ledger);
      const unknown = { kind: "rejected", reason: "unknown_product" } as const;
      const batch = [
        accept(product, { productId: "nothing" }),
        accept(product, { saleId: "elsewhere" }),
        accept(product),
      ];
      expect(await ledger.orders.record(batch, { payWithinMs })).toEqual([unknown, unknown, recorded]);
      expect(await ledger.orders.readRejection(batch[0]!.reservationId)).toBe("unknown_product");
      expect(await ledger.orders.record(batch, { payWithinMs })).toEqual([unknown, unknown, duplicate]);
    });

    test("values that the tables cannot hold are refused without harm to the others", async () => {
      const { product } = await createSale(ledger);
      const batch = [
        accept(product, { userId: "u".repeat(65) }),
        accept(product, { userId: "half \ud83d" }),
        accept(product, { epoch: 1.5 }),
        accept(product, { acceptedAtMs: Number.NaN }),
        accept(product, { reservationId: "" }),
        accept(product, { reservationId: "ends with a blank " }),
        accept(product, { userId: 7 as unknown as string }),
        accept(product),
      ];
      const outcomes = await ledger.orders.record(batch, { payWithinMs });
      expect(outcomes.slice(0, 7)).toEqual(Array(7).fill({ kind: "rejected", reason: "malformed" }));
      expect(outcomes[7]).toEqual(recorded);
      expect(await ledger.orders.readRejection(batch[0]!.reservationId)).toBe("malformed");
    });

    test("ids are compared character by character", async () => {
      const { product } = await createSale(ledger);
      const ids = ["aé", "AÉ", "ae\u0301", "a-é'\"\\%_;--"];
      const batch = ids.map((id) =>
        accept(product, { reservationId: `${product.id}${id}`, userId: `${product.id}${id}` }),
      );
      expect(await ledger.orders.record(batch, { payWithinMs })).toEqual(ids.map(() => recorded));
      for (const { reservationId, userId } of batch) {
        expect(await ledger.orders.read(reservationId)).toMatchObject({ reservationId, userId });
      }
    });

    test("a message that names a reservation but cannot be read is rejected once and gives its unit back", async () => {
      const { product } = await createSale(ledger);
      const { reservationId, saleId, productId, userId, epoch } = accept(product);
      const bad = { reservationId, saleId, productId, userId, epoch };
      const malformed = { kind: "rejected", reason: "malformed" } as const;
      expect(await ledger.orders.reject([bad])).toEqual([malformed]);
      expect(await ledger.orders.reject([bad, { reservationId: unique("only-an-id") }])).toEqual([
        malformed,
        malformed,
      ]);
      expect(await ledger.orders.readRejection(reservationId)).toBe("malformed");
      const returns = await ledger.returns.pending(1_000);
      expect(returns.filter((one) => one.productId === product.id)).toMatchObject([bad]);
    });

    test("a rejection does not touch an order that exists", async () => {
      const { product } = await createSale(ledger);
      const reservation = accept(product);
      await ledger.orders.record([reservation], { payWithinMs });
      expect(await ledger.orders.reject([reservation])).toEqual([duplicate]);
      expect(await ledger.orders.readRejection(reservation.reservationId)).toBeUndefined();
    });

    test("answers about many reservations come in one reading", async () => {
      const { product } = await createSale(ledger, { total: 1 });
      const batch = acceptMany(product, 2);
      await ledger.orders.record(batch, { payWithinMs });
      const [won, lost] = batch.map((reservation) => reservation.reservationId) as [string, string];
      const answers = await ledger.orders.readAnswers([won, lost, "never-seen"]);
      expect([...answers.keys()].toSorted()).toEqual([won, lost].toSorted());
      expect(answers.get(won)).toMatchObject({ order: { state: "reserved" } });
      expect(answers.get(lost)).toEqual({ rejection: "oversold" });
    });

    test("a batch over the limit is refused as a whole", async () => {
      const { product } = await createSale(ledger, { total: 2_000 });
      const batch = acceptMany(product, maxRecordBatch + 1);
      await expect(ledger.orders.record(batch, { payWithinMs })).rejects.toThrow(
        "a batch of 1001 reservations is over the ledger's limit of 1000",
      );
      await expect(ledger.orders.record(batch.slice(1), { payWithinMs: -1 })).rejects.toThrow("payWithinMs is -1");
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 0 });
      expect(await ledger.orders.record(batch.slice(1), { payWithinMs })).toHaveLength(maxRecordBatch);
    });
  });
}
