import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import type { ProductUpdate, SaleChange } from "../../src/domain/sale-change.ts";
import type { SaleProduct, SaleRecord } from "../../src/domain/sale.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { UnitsGoneError } from "../../src/ledger/changes.ts";
import { InvalidSaleError } from "../../src/ledger/ledger-errors.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { priceCheck } from "../../src/payments/price-check.ts";
import { GateBehindError, SaleService } from "../../src/sales/sale-service.ts";
import { amendProduct } from "../../src/sales/amend-product.ts";
import { makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

const actor = "the merchant";

describe("a change of a sale", () => {
  let ledger: Ledger;
  let gate: MemoryGate;
  let service: SaleService;
  let product: SaleProduct;
  let saleId: string;

  beforeEach(async () => {
    ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    gate = new MemoryGate();
    const { changes, orders, gates } = ledger;
    service = new SaleService({ changes, orders, gates, gate });
    const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
    saleId = sale.id;
    product = makeProduct(sale, { total: 10 });
    await service.create(sale, [product], { actor, state: "published" });
  });
  afterEach(() => ledger.close());

  const change = (asked: SaleChange) => service.change(saleId, asked, { actor });
  const pause: SaleChange = { kind: "pause", productId: undefined };
  const arm = async (): Promise<void> => {
    const { sale, products } = await service.read(saleId);
    await ledger.gates.noteArmed([product.id], 1);
    await gate.arm(sale, products[0]!, products[0]!.total);
  };

  test("is not done while the gate is closed: it is recorded, and can be waited for", async () => {
    await arm();
    gate.server = 2;
    for (const asked of [pause, { kind: "resume", productId: undefined }, { kind: "end" }, { kind: "cancel" }]) {
      const error = await change(asked as SaleChange).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(GateBehindError);
      expect((error as Error).message).toContain("takes effect when the gate is open again");
    }
    await expect(service.carryOut(saleId)).rejects.toThrow(GateBehindError);
    expect((await service.read(saleId)).sale.state).toBe("cancelled");
    gate.stocks.get(product.id)!.server = 2;
    expect((await service.carryOut(saleId)).sale.state).toBe("cancelled");
    expect(gate.stocks.get(product.id)).toMatchObject({ paused: true });
  });

  test("is not done while the gate is in another epoch, or knows nothing of a product that was armed", async () => {
    await arm();
    await ledger.gates.raiseEpoch(product.id, 1);
    await expect(change(pause)).rejects.toThrow(/takes effect when the gate is open again/);
    gate.stocks.clear();
    await expect(change({ kind: "resume", productId: undefined })).rejects.toThrow(GateBehindError);
  });

  test("is done when nobody ever armed the gate: arming takes the ledger's record", async () => {
    expect((await change(pause)).sale.paused).toBe(true);
    expect((await change({ kind: "restock", productId: product.id, units: -4 })).products[0]).toMatchObject({
      total: 6,
    });
    await arm();
    expect(gate.stocks.get(product.id)).toMatchObject({ total: 6, paused: true });
  });

  test("to fewer units says so when a gateway was refused them first", async () => {
    await arm();
    gate.stocks.get(product.id)!.available = 2;
    const amend = gate.amend.bind(gate);
    gate.amend = async (...asked) => {
      gate.amend = amend;
      expect(await amendProduct({ gate, changes: ledger.changes }, ...asked)).toMatchObject({
        kind: "lowering_refused",
      });
      return amend(...asked);
    };
    const lower = change({ kind: "restock", productId: product.id, units: -4 });
    await expect(lower).rejects.toThrow("units cannot be 6: it keeps 10");
  });

  test("to fewer units of a product in buckets says how many it keeps, when some buckets had too few", async () => {
    const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
    const buckets = splitIntoBuckets(makeProduct(sale, { total: 20 }), 2);
    const content = await service.create(sale, buckets, { actor, state: "published" });
    const ids = content.products.map(({ id }) => id);
    await ledger.gates.noteArmed(ids, 1);
    for (const bucket of content.products) await gate.arm(content.sale, bucket, bucket.total);
    // Accepted, and not yet in the ledger.
    gate.stocks.get(ids[0]!)!.available = 0;
    const lower = service.change(sale.id, { kind: "restock", productId: ids[0]!, units: -4 }, { actor });
    await expect(lower).rejects.toThrow(`product ${ids[0]}: units cannot be 16: it keeps 18`);
    expect((await service.read(sale.id)).products.map(({ total }) => total)).toEqual([10, 8]);
  });

  test("waits for a gate that opens again", async () => {
    await arm();
    gate.server = 2;
    const waiting = service.change(saleId, pause, { actor, waitMs: 60_000 });
    setTimeout(() => (gate.stocks.get(product.id)!.server = 2), 300);
    expect((await waiting).sale.paused).toBe(true);
    expect(gate.stocks.get(product.id)).toMatchObject({ paused: true });
  });

  test("to fewer units is not settled by an old record, when the gate is armed meanwhile", async () => {
    const { sale, products } = await ledger.changes
      .change(saleId, { kind: "restock", productId: product.id, units: -4 }, { actor })
      .then((content) => content!);
    // This gateway still takes the sale for one that starts in an hour, and finds the gate without the product.
    const old: SaleRecord = { ...sale, startsAtMs: Date.now() + 3_600_000, endsAtMs: Date.now() + 7_200_000 };
    const parts = { gate, changes: ledger.changes };
    const amend = gate.amend.bind(gate);
    gate.amend = async (...asked) => {
      const outcome = await amend(...asked);
      gate.amend = amend;
      await arm();
      gate.stocks.get(product.id)!.available = 0;
      return outcome;
    };
    await amendProduct(parts, old, products[0]!);
    expect((await service.read(saleId)).products[0]).toMatchObject({ total: 10, lowering: { total: 6 } });
    // The gate has no unit left, so the next look refuses the lowering.
    expect(await amendProduct(parts, sale, products[0]!)).toEqual({ kind: "lowering_refused", available: 0 });
    expect((await service.read(saleId)).products[0]).toMatchObject({ total: 10, lowering: undefined });
  });

  test("other than its units does not fail because a move of units between two buckets was refused", async () => {
    const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
    const buckets = splitIntoBuckets(makeProduct(sale, { total: 20 }), 2);
    const created = await service.create(sale, buckets, { actor, state: "published" });
    for (const bucket of created.products) {
      await ledger.gates.noteArmed([bucket.id], 1);
      await gate.arm(created.sale, bucket, bucket.total);
    }
    const [from, to] = buckets.map(({ id }) => id) as [string, string];
    await ledger.changes.askForMove({ from, to, units: 5 });
    // Buyers got the units in the meantime.
    gate.stocks.get(from)!.available = 1;
    const paused = await service.change(sale.id, { kind: "pause", productId: from }, { actor });
    expect(paused.products.map((bucket) => bucket.paused)).toEqual([true, true]);
    expect(gate.stocks.get(from)).toMatchObject({ paused: true, total: 10 });
  });

  describe("of one product, while fewer units of another one are asked for,", () => {
    let other: SaleProduct;
    const restock = (productId: string, units: number, changeId?: string) =>
      service.change(saleId, { kind: "restock", productId, units }, { actor, changeId });
    const totals = async (): Promise<number[]> =>
      [product, other].map(({ id }) => gate.stocks.get(id)!.total).concat(await ledgerTotals());
    const ledgerTotals = async (): Promise<number[]> => {
      const { products } = await service.read(saleId);
      return [product, other].map(({ id }) => products.find((one) => one.id === id)!.total);
    };

    beforeEach(async () => {
      const sale = makeSale({ startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 });
      saleId = sale.id;
      product = makeProduct(sale, { total: 10 });
      other = makeProduct(sale, { total: 10 });
      const content = await service.create(sale, [product, other], { actor, state: "published" });
      await ledger.gates.noteArmed([product.id, other.id], 1);
      for (const one of content.products) await gate.arm(content.sale, one, one.total);
      gate.stocks.get(product.id)!.server = 2;
      await expect(restock(product.id, -5, "fewer")).rejects.toThrow(GateBehindError);
    });

    for (const changeId of [undefined, "more"]) {
      const named = changeId === undefined ? "without an id" : "with an id";
      test(`is done while the other one is closed, ${named}`, async () => {
        for (let time = 0; time < 2; time++) await restock(other.id, 1, changeId);
        const total = changeId === undefined ? 12 : 11;
        expect(await totals()).toEqual([10, total, 10, total]);
      });

      test(`and of all products is done when the gate refuses the fewer units, ${named}`, async () => {
        gate.stocks.get(product.id)!.server = 1;
        gate.stocks.get(product.id)!.available = 2;
        const endsAtMs = Date.now() + 7_200_000;
        const extended = await service.change(saleId, { kind: "extend", endsAtMs }, { actor, changeId });
        expect(extended.sale.endsAtMs).toBe(endsAtMs);
        expect(gate.stocks.get(product.id)).toMatchObject({ endsAtMs });
        expect(await totals()).toEqual([10, 10, 10, 10]);
        await expect(restock(product.id, -5, "fewer")).rejects.toThrow(UnitsGoneError);
        await restock(other.id, 1, changeId === undefined ? undefined : "another");
        expect(await totals()).toEqual([10, 11, 10, 11]);
      });
    }

    test("is not done, although it alters nothing, before the gate has its product", async () => {
      const alone: SaleChange = { kind: "pause", productId: product.id };
      const toFive: SaleChange = { kind: "update", products: [{ id: product.id, total: 5 }] };
      for (const asked of [alone, alone, toFive]) await expect(change(asked)).rejects.toThrow(GateBehindError);
      await change({ kind: "pause", productId: other.id });
      await expect(change(pause)).rejects.toThrow(GateBehindError);
      await change({ kind: "update", title: "Another title" });
    });
  });

  test("to fewer units is done although somebody adds units before it is told", async () => {
    await arm();
    const fewer: SaleChange = { kind: "restock", productId: product.id, units: -5 };
    const amend = gate.amend.bind(gate);
    gate.amend = async (...asked) => {
      gate.amend = amend;
      await amendProduct({ gate, changes: ledger.changes }, ...asked);
      await change({ kind: "restock", productId: product.id, units: 20 });
      return amend(...asked);
    };
    expect((await change(fewer)).products).toMatchObject([{ total: 25 }]);
  });
});

describe("a sale whose buyers pay through Stripe", () => {
  test("has no price that Stripe does not take: neither when it is made nor later", async () => {
    await using cleanup = new AsyncDisposableStack();
    const ledger = sqliteLedger({ file: ":memory:" });
    cleanup.defer(() => ledger.close());
    await ledger.migrate();
    const { changes, orders, gates } = ledger;
    const checkPrice = priceCheck("stripe");
    const service = new SaleService({ changes, orders, gates, gate: undefined, checkPrice });
    const sale = makeSale();
    const make = (values: Partial<SaleProduct>) => {
      const lamp = makeProduct(sale, { id: "lamp", currency: "EUR", ...values });
      return service.create(sale, [lamp], { actor, state: "draft" });
    };
    await expect(make({ priceMinor: 49 })).rejects.toThrow(
      `sale ${sale.id}: product lamp: the price is 49 EUR in minor units: Stripe takes nothing below 50, except 0`,
    );
    await expect(make({ priceMinor: 500_000_000_000, limitPerUser: 2 })).rejects.toThrow(
      `sale ${sale.id}: product lamp: 2 units for one user cost 1000000000000 EUR in minor units: Stripe takes at most 999999999999`,
    );
    await make({ priceMinor: 0, limitPerUser: 2 });
    const update = (product: Omit<ProductUpdate, "id">, id = "lamp") =>
      service.change(sale.id, { kind: "update", products: [{ id, ...product }] }, { actor });
    await expect(update({ priceMinor: 20 })).rejects.toThrow(InvalidSaleError);
    await update({ priceMinor: 400_000_000_000, total: 3 });
    // The limit is that of before, and then the price.
    await expect(update({ priceMinor: 600_000_000_000 })).rejects.toThrow(
      "2 units for one user cost 1200000000000 EUR",
    );
    await expect(update({ limitPerUser: 3 })).rejects.toThrow("3 units for one user cost 1200000000000 EUR");
    await expect(
      update({ name: "bulb", priceMinor: 1, currency: "EUR", total: 1, limitPerUser: 1 }, "bulb"),
    ).rejects.toThrow("product bulb: the price is 1 EUR");
    expect((await service.read(sale.id)).products).toMatchObject([
      { id: "lamp", priceMinor: 400_000_000_000, limitPerUser: 2 },
    ]);
  });

  test("any price will do for other providers", () => {
    const lamp = { id: "lamp", priceMinor: 1, currency: "EUR", limitPerUser: 1 };
    expect([priceCheck("simulator")(lamp), priceCheck("none")(lamp)]).toEqual([undefined, undefined]);
  });
});
