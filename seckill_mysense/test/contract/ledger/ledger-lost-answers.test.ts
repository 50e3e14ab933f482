import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../../src/domain/buckets.ts";
import type { SaleChange } from "../../../src/domain/sale-change.ts";
import { UnitsGoneError } from "../../../src/ledger/changes.ts";
import { SaleConflictError } from "../../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { sqlLedger } from "../../../src/ledger/sql/sql-ledger.ts";
import { AnswerLoser } from "../../fakes/answer-loser.ts";
import { createSale, makeProduct, makeSale, pendingReturns, recordOrders, unique } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";
import { eventOf, openPayment } from "./payment-fixtures.ts";

const actor = "the merchant";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`lost answers of commits, in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let answers: AnswerLoser;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      answers = new AnswerLoser(place.open());
      ledger = sqlLedger(answers.database, {});
      await ledger.migrate();
    });
    afterAll(async () => {
      await ledger?.close();
      await place?.remove();
    });
    /** Runs the work, whose first commits take effect without an answer. */
    async function losing<T>(work: () => Promise<T>, count = 1): Promise<T> {
      answers.left = count;
      answers.lost = 0;
      const result = await work();
      expect(answers.lost).toBe(count);
      return result;
    }

    test("a restock adds its units once, is logged once, and answers with the version that it made", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const restock = { kind: "restock", productId: product.id, units: 10 } as const;
      const content = await losing(() => ledger.changes.change(sale.id, restock, { actor }), 2);
      expect(content).toMatchObject({ sale: { version: 2 }, products: [{ total: 110 }] });
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ total: 110 });
      expect(await ledger.changes.history(sale.id, 10)).toMatchObject([{ action: "restock", version: 2 }]);
      // Asked for once more, it is another restock.
      await ledger.changes.change(sale.id, restock, { actor });
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ total: 120 });
    });

    test("a change with an id counts once, however often it is asked for, and its id stands for no other change", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const restock = { kind: "restock", productId: product.id, units: 10 } as const;
      const changeId = unique("change");
      const ask = (change: SaleChange, saleId = sale.id) => ledger.changes.change(saleId, change, { actor, changeId });
      await ask(restock);
      await ledger.changes.change(sale.id, { ...restock, units: 5 }, { actor });
      expect(await ask(restock)).toMatchObject({ sale: { version: 3 }, products: [{ total: 115 }] });
      await expect(ask({ ...restock, units: 20 })).rejects.toThrow(
        `the change ${changeId} was made before, and was another`,
      );
      const other = await createSale(ledger, { total: 100 });
      await expect(ask({ ...restock, productId: other.product.id }, other.sale.id)).rejects.toThrow(SaleConflictError);
      const longer = { actor, changeId: `${changeId}0` };
      expect(await ledger.changes.change(sale.id, restock, longer)).toMatchObject({ products: [{ total: 125 }] });
    });

    test("the creation of a sale is found by its id", async () => {
      const sale = makeSale();
      const products = [makeProduct(sale)];
      const options = { actor, state: "published", changeId: unique("change") } as const;
      await ledger.changes.create(sale, products, options);
      expect(await ledger.changes.create(sale, products, options)).toMatchObject({ sale: { version: 1 } });
      const another = { ...sale, title: "Another" };
      await expect(ledger.changes.create(another, products, options)).rejects.toThrow("was another one");
    });

    test("a sale is not created by an id that stands for another change, whose repetition stays what it was", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const restock = { kind: "restock", productId: product.id, units: 10 } as const;
      const options = { actor, changeId: unique("change") };
      await ledger.changes.change(sale.id, restock, options);
      const another = makeSale();
      const create = ledger.changes.create(another, [makeProduct(another)], { ...options, state: "published" });
      await expect(create).rejects.toThrow(`the change ${options.changeId} was made before, and was another one`);
      expect(await ledger.changes.read(another.id)).toBeUndefined();
      expect(await ledger.changes.change(sale.id, restock, options)).toMatchObject({ products: [{ total: 110 }] });
    });

    test("a change with an id that alters nothing is remembered: asked for again, it alters nothing either", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const toHundred = { kind: "update", products: [{ id: product.id, total: 100 }] } as const;
      const restock = { kind: "restock", productId: product.id, units: 50 } as const;
      const options = { actor, changeId: unique("change") };
      expect(await ledger.changes.change(sale.id, toHundred, options)).toMatchObject({ sale: { version: 1 } });
      await ledger.changes.change(sale.id, restock, { actor });
      expect(await ledger.changes.change(sale.id, toHundred, options)).toMatchObject({
        sale: { version: 2 },
        products: [{ total: 150, lowering: undefined }],
      });
      await expect(ledger.changes.change(sale.id, restock, options)).rejects.toThrow("was another one");
      expect(await ledger.changes.history(sale.id, 2)).toMatchObject([
        { action: "restock", version: 2 },
        { action: "update", version: 1, productId: undefined, before: {}, after: {} },
      ]);
    });

    test("a change that asks for a lower total which is asked for already is told as refused with it", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const lower = { kind: "update", products: [{ id: product.id, total: 90 }] } as const;
      const options = { actor, changeId: unique("change") };
      const first = (await ledger.changes.change(sale.id, lower, { actor }))!;
      const lowering = first.products[0]!.lowering!;
      for (let time = 0; time < 2; time++) {
        const asked = await ledger.changes.change(sale.id, lower, options);
        expect([asked!.sale.version, asked!.lowerings]).toEqual([2, new Map([[product.id, lowering]])]);
      }
      const settled = { productId: product.id, epoch: 1, since: lowering.since };
      await ledger.changes.settleLowering(settled, "refused");
      await expect(ledger.changes.change(sale.id, lower, options)).rejects.toThrow(UnitsGoneError);
    });

    test("a lower total that the gate has refused meanwhile is told as refused when it is asked for again", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const lower = { kind: "restock", productId: product.id, units: -10 } as const;
      const options = { actor, changeId: unique("change") };
      const content = (await ledger.changes.change(sale.id, lower, options))!;
      const { since } = content.products[0]!.lowering!;
      await ledger.changes.settleLowering({ productId: product.id, epoch: 1, since }, "refused");
      await expect(ledger.changes.change(sale.id, lower, options)).rejects.toThrow(UnitsGoneError);
      // Another one of the same size is to be carried out.
      const again = { actor, changeId: unique("change") };
      await ledger.changes.change(sale.id, lower, again);
      expect(await ledger.changes.change(sale.id, lower, again)).toMatchObject({
        products: [{ lowering: { total: 90 } }],
      });
    });

    test("a lower total, which the gate has taken out meanwhile, is not asked for again", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const lower = { kind: "restock", productId: product.id, units: -10 } as const;
      const content = (await losing(() => ledger.changes.change(sale.id, lower, { actor })))!;
      const { since } = content.products[0]!.lowering!;
      const lowering = { productId: product.id, epoch: 1, since };
      await ledger.gates.noteArmed([product.id], 1);
      await losing(() => ledger.changes.settleLowering(lowering, "applied"));
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ total: 90 });
      expect((await ledger.changes.history(sale.id, 10)).map(({ action }) => action)).toEqual(["lowered", "restock"]);
    });

    test("a change with an expected version is done, and other changes still conflict", async () => {
      const { sale, product } = await createSale(ledger, { total: 100 });
      const update = { kind: "update", products: [{ id: product.id, total: 120 }] } as const;
      const expected = { actor, expectedVersion: 1 };
      expect(await losing(() => ledger.changes.change(sale.id, update, expected))).toMatchObject({
        sale: { version: 2 },
      });
      await expect(ledger.changes.change(sale.id, update, expected)).rejects.toThrow(SaleConflictError);
    });

    test("a sale is created, and another one of its id still conflicts", async () => {
      const sale = makeSale();
      const options = { actor, state: "draft" } as const;
      const create = () => ledger.changes.create(sale, [makeProduct(sale)], options);
      expect(await losing(create)).toMatchObject({ sale: { id: sale.id, version: 1, state: "draft" } });
      expect(await ledger.changes.history(sale.id, 10)).toHaveLength(2);
      await expect(create()).rejects.toThrow("exists, in version 1");
      expect(await losing(() => ledger.changes.change(sale.id, { kind: "publish" }, { actor }))).toMatchObject({
        sale: { version: 2, state: "published" },
      });
    });

    test("a move between buckets is found again, so that no second bucket gives units, and moves its units once", async () => {
      const sale = makeSale();
      const buckets = splitIntoBuckets(makeProduct(sale, { total: 20 }), 2);
      await ledger.changes.create(sale, buckets, { actor, state: "published" });
      const [from, to] = buckets.map(({ id }) => id) as [string, string];
      const asked = await losing(() => ledger.changes.askForMove({ from, to, units: 4 }));
      expect(asked?.product).toMatchObject({ id: from, lowering: { total: 6, to } });
      const { since } = asked!.product.lowering!;
      await losing(() => ledger.changes.settleLowering({ productId: from, epoch: 1, since }, "applied"));
      const { products } = (await ledger.changes.read(sale.id))!;
      expect(products.map(({ total }) => total)).toEqual([6, 14]);
      expect(await ledger.changes.askForMove({ from, to, units: 4 })).toBeDefined();
      expect(await ledger.changes.askForMove({ from, to, units: 4 })).toBeUndefined();
    });

    test("a place in a waiting list is taken once", async () => {
      const { product } = await createSale(ledger);
      const listed = await losing(() => ledger.waiters.open(product.id));
      const gateVersion = listed!.product.waitingSince!;
      const userId = unique("user");
      const request = { productId: product.id, userId, gateVersion, windowMs: 1_000, maxWaiting: 10 };
      expect(await losing(() => ledger.waiters.join(request))).toMatchObject({ waiter: { place: 1 } });
      expect(await ledger.waiters.places(product.id)).toEqual([1]);
      await losing(() => ledger.waiters.leave(product.id, userId));
      expect(await ledger.waiters.places(product.id)).toEqual([]);
    });

    test("a payment pays once, its refund is requested once, and an operator's settlement is confirmed", async () => {
      const { product, orders } = await recordOrders(ledger, 1);
      const { reservationId } = orders[0]!;
      const payment = await losing(() => openPayment(ledger, reservationId, Date.now()));
      await losing(() => ledger.payments.apply(eventOf(payment, "succeeded")));
      expect(await ledger.orders.read(reservationId)).toMatchObject({ state: "paid" });
      await losing(() => ledger.payments.callOff(reservationId));
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 0, sold: 0 });
      expect(await pendingReturns(ledger, product)).toEqual([reservationId]);
      const settlement = { by: "ada", note: "bank transfer" };
      expect(await losing(() => ledger.payments.settleRefund(payment.id, settlement))).toBe(true);
      expect(await ledger.payments.settleRefund(payment.id, { ...settlement, note: "cash" })).toBe(false);
      expect(await ledger.payments.readRefund(payment.id)).toMatchObject({
        state: "done",
        settledNote: "bank transfer",
      });
    });
  });
}
