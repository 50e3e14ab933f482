import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { latestEndMs, maxUnits, repairedAfterEndMs } from "../../../src/domain/sale.ts";
import type { SaleChange } from "../../../src/domain/sale-change.ts";
import type { ChangedSales } from "../../../src/ledger/changes.ts";
import { InvalidSaleError, SaleConflictError } from "../../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { renderReport } from "../../../src/verify/verification-report.ts";
import { verifySale } from "../../../src/verify/verify-sale.ts";
import {
  accept,
  acceptMany,
  createSale,
  makeProduct,
  makeSale,
  payWithinMs,
  pendingReturns,
} from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

const actor = "the merchant";
const endedAfterMs = 0;

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`sales that change, in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let nowMs = 500;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect({ now: () => nowMs });
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    const revision = async (): Promise<number> => (await ledger.changes.since(-1, { endedAfterMs })).revision;
    const since = (known: number): Promise<ChangedSales> => ledger.changes.since(known, { endedAfterMs });
    const change = (saleId: string, asked: SaleChange) => ledger.changes.change(saleId, asked, { actor });
    const refusal = async (saleId: string, asked: SaleChange): Promise<string> => {
      const error = await change(saleId, asked).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(InvalidSaleError);
      return (error as Error).message;
    };

    test("a reader who knows nothing, or more than the ledger has, gets everything", async () => {
      const { sale } = await createSale(ledger);
      const all = await since(-1);
      expect(all.isWhole).toBe(true);
      expect(all.sales.map(({ id }) => id)).toContain(sale.id);
      expect(await since(all.revision + 1)).toEqual(all);
    });

    test("a reader who knows a revision gets what has changed since, and nothing else", async () => {
      await createSale(ledger);
      const known = await revision();
      expect(await since(known)).toEqual({ revision: known, isWhole: false, sales: [], products: [] });
      const { sale, product } = await createSale(ledger);
      const created = await since(known);
      expect(created.revision).toBeGreaterThan(known);
      expect(created.sales).toEqual([{ ...sale, state: "published", paused: false, version: 1 }]);
      expect(created.products).toMatchObject([{ ...product, paused: false, lowering: undefined }]);

      await ledger.gates.raiseEpoch(product.id, 1);
      const rebuilt = await since(created.revision);
      expect(rebuilt.products).toMatchObject([{ id: product.id, epoch: 2, revision: rebuilt.revision }]);
      await change(sale.id, { kind: "extend", endsAtMs: sale.endsAtMs + 1 });
      const extended = await since(rebuilt.revision);
      expect(extended.sales).toMatchObject([{ id: sale.id, version: 2, endsAtMs: sale.endsAtMs + 1 }]);
      expect(extended.products).toMatchObject([{ id: product.id, revision: extended.revision }]);
      expect(await ledger.changes.since(known, { endedAfterMs: sale.endsAtMs + 2 })).toMatchObject({ sales: [] });
    });

    test("a sale beyond the limits, which an earlier version made, can be changed back, paused and cancelled", async () => {
      const { sale, product } = await createSale(ledger, { total: 10 });
      const database = place.open();
      const ends_at_ms = Date.UTC(9999, 11, 31);
      await database.kysely.updateTable("sales").set({ ends_at_ms }).where("id", "=", sale.id).execute();
      await database.kysely
        .updateTable("products")
        .set({ total: 2 * maxUnits })
        .where("id", "=", product.id)
        .execute();
      await database.close();
      expect((await change(sale.id, { kind: "pause", productId: undefined }))!.sale.paused).toBe(true);
      const more: SaleChange = { kind: "restock", productId: product.id, units: 1 };
      expect(await refusal(sale.id, more)).toContain(
        `units is ${2 * maxUnits + 1}, but at most ${maxUnits} are possible`,
      );
      const later: SaleChange = { kind: "extend", endsAtMs: ends_at_ms + 1 };
      expect(await refusal(sale.id, later)).toContain("must not be after 2100-01-01");
      const fewer: SaleChange = {
        kind: "update",
        endsAtMs: latestEndMs,
        products: [{ id: product.id, total: maxUnits }],
      };
      expect(await change(sale.id, fewer)).toMatchObject({
        sale: { endsAtMs: latestEndMs },
        products: [{ lowering: { total: maxUnits } }],
      });
      expect((await change(sale.id, { kind: "cancel" }))!.sale.state).toBe("cancelled");
    });

    test("changes at the same time have revisions and versions of their own", async () => {
      const { sale, product } = await createSale(ledger, { total: 10 });
      const others = Array.from({ length: 4 }, () => place.connect());
      const restock: SaleChange = { kind: "restock", productId: product.id, units: 1 };
      await Promise.all(
        others.flatMap((other) => [1, 2, 3].map(() => other.changes.change(sale.id, restock, { actor }))),
      );
      const after = await ledger.changes.read(sale.id);
      expect([after!.sale.version, after!.products[0]!.total]).toEqual([13, 22]);
      const versions = (await ledger.changes.history(sale.id, 100)).map(({ version }) => version);
      expect(versions).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    });

    test("a change of an older version is refused, naming both, and changes nothing", async () => {
      const { sale } = await createSale(ledger);
      await change(sale.id, { kind: "pause", productId: undefined });
      const late = ledger.changes.change(
        sale.id,
        { kind: "resume", productId: undefined },
        { actor, expectedVersion: 1 },
      );
      await expect(late).rejects.toThrow(SaleConflictError);
      await expect(late).rejects.toThrow(`sale ${sale.id}: its version is 2, but 1 was expected`);
      expect((await ledger.changes.read(sale.id))!.sale).toMatchObject({ paused: true, version: 2 });
      expect(await change("nothing", { kind: "end" })).toBeUndefined();
    });

    test("a change that alters nothing keeps the version", async () => {
      const { sale } = await createSale(ledger);
      await change(sale.id, { kind: "pause", productId: undefined });
      const known = await revision();
      expect((await change(sale.id, { kind: "pause", productId: undefined }))!.sale.version).toBe(2);
      expect((await since(known)).sales).toEqual([]);
      expect(await ledger.changes.history(sale.id, 10)).toHaveLength(1);
    });

    test("a request that changes nothing leaves the revision alone, so that no reader reads for nothing", async () => {
      const { sale, product } = await createSale(ledger);
      const { id: productId } = product;
      await change(sale.id, { kind: "pause", productId: undefined });
      await change(sale.id, { kind: "restock", productId, units: -1 });
      const { since: asked } = (await ledger.changes.read(sale.id))!.products[0]!.lowering!;
      await ledger.changes.settleLowering({ productId, epoch: 1, since: asked }, "applied");
      await ledger.waiters.open(productId);
      const gateVersion = await revision();
      await ledger.waiters.join({ productId, userId: "ann", gateVersion, windowMs: 1_000, maxWaiting: 10 });
      const known = await revision();
      const idle = {
        "a change that alters nothing": () => change(sale.id, { kind: "pause", productId: undefined }),
        "a change of an unknown sale": () => change("nothing", { kind: "end" }),
        "a move that is refused": () => ledger.changes.askForMove({ from: productId, to: "nobody", units: 1 }),
        "a lowering that is settled": () =>
          ledger.changes.settleLowering({ productId, epoch: 1, since: asked }, "applied"),
        "a lowering of an unknown product": () =>
          ledger.changes.settleLowering({ productId: "nothing", epoch: 1, since: asked }, "applied"),
        "a sale that exists": () => ledger.sales.create(sale, [{ ...product, total: 9 }]),
        "opening a list that is open": () => ledger.waiters.open(productId),
        "closing a list in which somebody waits": () => ledger.waiters.close(productId),
        "closing a list of nobody": () => ledger.waiters.close("nothing"),
        "an epoch that is over": () => ledger.gates.raiseEpoch(productId, 7),
        "epochs that are over": () => ledger.gates.beginEpochs([{ id: productId, epoch: 7 }]),
      };
      for (const [name, ask] of Object.entries(idle)) {
        await ask();
        expect([name, await revision()]).toEqual([name, known]);
      }
    });

    test("the log says who changed what, from what and to what", async () => {
      nowMs = 700;
      const sale = makeSale();
      const product = makeProduct(sale);
      await ledger.changes.create(sale, [product], { actor: "Ada", state: "draft" });
      await change(sale.id, { kind: "publish" });
      await change(sale.id, { kind: "update", title: "Phones!", products: [{ id: product.id, priceMinor: 8_000 }] });
      const log = await ledger.changes.history(sale.id, 3);
      expect(log).toEqual([
        {
          ...{ saleId: sale.id, productId: product.id, version: 3, action: "update", actor, atMs: 700 },
          ...{ before: { priceMinor: 9_900 }, after: { priceMinor: 8_000 } },
        },
        {
          ...{ saleId: sale.id, productId: undefined, version: 3, action: "update", actor, atMs: 700 },
          ...{ before: { title: "Phones" }, after: { title: "Phones!" } },
        },
        {
          ...{ saleId: sale.id, productId: undefined, version: 2, action: "publish", actor, atMs: 700 },
          ...{ before: { state: "draft" }, after: { state: "published" } },
        },
      ]);
      const [first] = (await ledger.changes.history(sale.id, 10)).slice(-1);
      expect(first).toMatchObject({ action: "create", actor: "Ada", version: 1, before: undefined });
    });

    test("what an order says does not follow later changes, and it keeps its times", async () => {
      const { sale, product } = await createSale(ledger, { total: 3 });
      const [paid, cancelled, expired] = acceptMany(product, 3);
      nowMs = 1_000;
      await ledger.orders.record([paid!, cancelled!, expired!], { payWithinMs: 500 });
      await change(sale.id, {
        kind: "update",
        products: [{ id: product.id, name: "Other", priceMinor: 1, currency: "USD" }],
      });
      nowMs = 1_100;
      await ledger.orders.pay(paid!.reservationId, nowMs);
      nowMs = 1_200;
      await ledger.orders.cancel(cancelled!.reservationId);
      nowMs = 9_000;
      await ledger.orders.expireUnpaid(nowMs, 10_000);
      const agreed = { productName: "Phone", priceMinor: 9_900, currency: "EUR", quantity: 1 };
      const none = { paidAtMs: undefined, cancelledAtMs: undefined, expiredAtMs: undefined };
      const read = (id: string) => ledger.orders.read(id);
      expect(await read(paid!.reservationId)).toMatchObject({ ...agreed, ...none, paidAtMs: 1_100 });
      expect(await read(cancelled!.reservationId)).toMatchObject({ ...agreed, ...none, cancelledAtMs: 1_200 });
      expect(await read(expired!.reservationId)).toMatchObject({ ...agreed, ...none, expiredAtMs: 9_000 });
    });

    test("more units count at once; fewer wait until the gate has given them up", async () => {
      const { sale, product } = await createSale(ledger, { total: 10 });
      const restock = (units: number): SaleChange => ({ kind: "restock", productId: product.id, units });
      await change(sale.id, restock(5));
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ total: 15 });
      await ledger.orders.record(acceptMany(product, 4), { payWithinMs });
      expect(await refusal(sale.id, restock(-12))).toContain("units is 3, but 4 are reserved or sold");

      const asked = (await change(sale.id, restock(-8)))!.products[0]!;
      expect(asked.lowering!.total).toBe(7);
      expect(await ledger.sales.readTotals(product.id)).toMatchObject({ total: 15 });
      expect(await refusal(sale.id, restock(1))).toContain("its units are being lowered from 15 to 7");
      const { since: askedAt } = asked.lowering!;
      expect(
        await ledger.changes.settleLowering({ productId: product.id, epoch: 1, since: askedAt - 1 }, "applied"),
      ).toMatchObject({
        product: { total: 15 },
      });
      expect(
        await ledger.changes.settleLowering({ productId: product.id, epoch: 1, since: askedAt }, "applied"),
      ).toMatchObject({
        product: { total: 7 },
      });
      // A second process that carried the same lowering out changes nothing.
      expect(
        await ledger.changes.settleLowering({ productId: product.id, epoch: 1, since: askedAt }, "refused"),
      ).toMatchObject({
        product: { total: 7 },
      });

      const again = (await change(sale.id, restock(-3)))!.products[0]!;
      // The gate was rebuilt meanwhile, with the ledger's total: the lowering is before it again.
      const rebuilt = { productId: product.id, epoch: 2, since: again.lowering!.since };
      expect(await ledger.changes.settleLowering(rebuilt, "applied")).toMatchObject({ product: { total: 7 } });
      await ledger.changes.settleLowering({ productId: product.id, epoch: 1, since: again.lowering!.since }, "refused");
      expect((await ledger.changes.read(sale.id))!.products[0]).toMatchObject({ total: 7, lowering: undefined });
      expect((await ledger.changes.history(sale.id, 1))[0]).toMatchObject({
        action: "lowering refused",
        actor: "the gate",
      });
    });

    test("fewer units of a product that the gate does not know count only where no gate can sell more", async () => {
      nowMs = 500;
      const lower = async ({ sale, product }: Awaited<ReturnType<typeof createSale>>) => {
        const asked = await change(sale.id, { kind: "restock", productId: product.id, units: -3 });
        const { since: askedAt } = asked!.products[0]!.lowering!;
        const lowering = { productId: product.id, epoch: 1, since: askedAt };
        return async () => (await ledger.changes.settleLowering(lowering, "unknown"))!.product;
      };
      const unarmed = await lower(await createSale(ledger, { total: 10 }));
      expect(await unarmed()).toMatchObject({ total: 7, lowering: undefined });

      const armed = await createSale(ledger, { total: 10 });
      const settle = await lower(armed);
      await ledger.gates.noteArmed([armed.product.id], 1);
      expect(await settle()).toMatchObject({ total: 10, lowering: { total: 7 } });
      nowMs = armed.sale.endsAtMs + repairedAfterEndMs;
      expect(await settle()).toMatchObject({ total: 10, lowering: { total: 7 } });
      nowMs++;
      expect(await settle()).toMatchObject({ total: 7, lowering: undefined });
      nowMs = 500;
    });

    test("a change that would break a promise is refused, naming field, value and limit", async () => {
      nowMs = 5_000;
      const { sale, product } = await createSale(ledger, { limitPerUser: 2 });
      const update = (changes: object): SaleChange => ({ kind: "update", ...changes });
      const ofProduct = (changes: object) => update({ products: [{ id: product.id, ...changes }] });
      expect(await refusal(sale.id, ofProduct({ limitPerUser: 1 }))).toContain(
        "limit_per_user is 1, but buyers were promised 2",
      );
      expect(await refusal(sale.id, ofProduct({ limitPerUser: 1_001 }))).toContain(
        "limitPerUser is 1001, not a whole number from 1 to 1000",
      );
      expect(await refusal(sale.id, update({ startsAtMs: 9_000 }))).toContain("starts_at cannot change any more");
      expect(await refusal(sale.id, update({ endsAtMs: 4_000 }))).toContain(
        "ends_at is 1970-01-01T00:00:04.000Z, which is over",
      );
      expect(await refusal(sale.id, update({ products: [{ id: "new-one", total: 3 }] }))).toContain(
        "product new-one is new, and name is missing",
      );
      expect(await refusal(sale.id, { kind: "extend", endsAtMs: sale.endsAtMs - 1 })).toContain(
        "which is before its present end",
      );
      expect(await refusal(sale.id, { kind: "pause", productId: "nothing" })).toContain(`it has no product "nothing"`);
      const { product: foreign } = await createSale(ledger);
      const stolen = { ...foreign, total: 1, limitPerUser: 1 };
      expect(await refusal(sale.id, update({ products: [stolen] }))).toContain("belongs to the sale");
      expect((await ledger.changes.read(sale.id))!.sale.version).toBe(1);
    });

    test("cancelling releases every order, and refuses what is still on its way", async () => {
      nowMs = 2_000;
      const { sale, product } = await createSale(ledger, { total: 10 });
      const [paid, unpaid, ...others] = acceptMany(product, 5);
      await ledger.orders.record([paid!, unpaid!, ...others], { payWithinMs });
      await ledger.orders.pay(paid!.reservationId, nowMs);
      await change(sale.id, { kind: "cancel" });
      nowMs = 3_000;
      const late = accept(product);
      expect(await ledger.orders.record([late], { payWithinMs })).toEqual([
        { kind: "rejected", reason: "sale_cancelled" },
      ]);
      expect(await ledger.orders.releaseCancelled(2)).toBe(2);
      expect(await ledger.orders.releaseCancelled(100)).toBe(3);
      expect(await ledger.orders.releaseCancelled(100)).toBe(0);
      expect(await ledger.orders.read(paid!.reservationId)).toMatchObject({
        state: "refund_due",
        cancelledAtMs: 3_000,
      });
      expect(await ledger.orders.read(unpaid!.reservationId)).toMatchObject({
        state: "cancelled",
        cancelledAtMs: 3_000,
      });
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 0, sold: 0 });
      expect(await pendingReturns(ledger, product)).toHaveLength(6);
      expect(await refusal(sale.id, { kind: "resume", productId: undefined })).toContain("it is cancelled");
      const report = await verifySale({ saleId: sale.id, ledger });
      if (!report.ok) throw new Error(renderReport(report));
    });
  });
}
