import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { maxUnits } from "../../../src/domain/sale.ts";
import { InvalidSaleError, SaleConflictError } from "../../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { acceptMany, createSale, makeProduct, makeSale, payWithinMs } from "./ledger-fixtures.ts";
import { ledgerKinds, type LedgerPlace } from "./ledger-places.ts";

for (const kind of ledgerKinds) {
  describe.skipIf(kind.skipped !== "")(`sales in the ledger on ${kind.name}${kind.skipped}`, () => {
    let place: LedgerPlace;
    let ledger: Ledger;

    beforeAll(async () => {
      place = await kind.create();
      ledger = place.connect();
      await ledger.migrate();
    });
    afterAll(() => place?.remove());

    test("a sale is read back as it was created", async () => {
      const sale = makeSale({ title: "Señor Ünïcode 📱 50% \\ 'off'", startsAtMs: 1_760_000_000_123 });
      const products = [makeProduct(sale), makeProduct(sale, { total: maxUnits, limitPerUser: 3, priceMinor: 0 })];
      await ledger.sales.create(sale, products);
      expect(await ledger.sales.read(sale.id)).toEqual({ sale, products });
      expect(await ledger.sales.readProduct(products[1]!.id)).toEqual({ sale, product: products[1]! });
      expect(await ledger.sales.readTotals(products[0]!.id)).toEqual({ total: 10, reserved: 0, sold: 0 });
      expect(await ledger.sales.list()).toContainEqual(sale);
    });

    test("what does not exist is undefined", async () => {
      expect(await ledger.sales.read("nothing")).toBeUndefined();
      expect(await ledger.sales.readProduct("nothing")).toBeUndefined();
      expect(await ledger.sales.readTotals("nothing")).toBeUndefined();
      expect(await ledger.orders.read("nothing")).toBeUndefined();
      expect(await ledger.orders.readRejection("nothing")).toBeUndefined();
    });

    test("the same sale again changes nothing, also when units are sold and the gate was rebuilt", async () => {
      const { sale, product } = await createSale(ledger);
      await ledger.orders.record(acceptMany(product, 2), { payWithinMs });
      await ledger.gates.raiseEpoch(product.id, 1);
      await ledger.sales.create(sale, [product]);
      expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 10, reserved: 2, sold: 0 });
      expect(await ledger.sales.readProduct(product.id)).toMatchObject({ product: { epoch: 2 } });
    });

    test("another sale of the same id is refused, naming the field and both values", async () => {
      const { sale, product } = await createSale(ledger);
      const attempt = async (changed: typeof sale, products: (typeof product)[]): Promise<string> => {
        const error = await ledger.sales.create(changed, products).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(SaleConflictError);
        return (error as Error).message;
      };
      expect(await attempt({ ...sale, title: "Cars" }, [product])).toBe(
        `sale ${sale.id}: title is "Phones" in the ledger, but "Cars" was given`,
      );
      expect(await attempt(sale, [{ ...product, total: 11 }])).toBe(
        `sale ${sale.id}: product ${product.id}: total is 10 in the ledger, but 11 was given`,
      );
      expect(await attempt(sale, [])).toContain(`the ledger has a product ${product.id}, which was not given`);
      const further = makeProduct(sale);
      expect(await attempt(sale, [product, further])).toContain(
        `the product ${further.id} was given, but is not in the ledger`,
      );
      expect(await ledger.sales.read(sale.id)).toEqual({ sale, products: [product] });
    });

    test("a product id of another sale is refused, and nothing of the sale is kept", async () => {
      const { sale: first, product } = await createSale(ledger);
      const sale = makeSale();
      const error = ledger.sales.create(sale, [makeProduct(sale), { ...product, saleId: sale.id }]);
      await expect(error).rejects.toThrow(`the product id ${product.id} belongs to the sale ${first.id}`);
      expect(await ledger.sales.read(sale.id)).toBeUndefined();
    });

    test("content that no sale can have is refused, naming it", async () => {
      const sale = makeSale();
      const product = makeProduct(sale);
      const refusal = async (changed: object, changedProduct: object = {}): Promise<string> => {
        const attempt = ledger.sales.create({ ...sale, ...changed }, [{ ...product, ...changedProduct }]);
        const error = await attempt.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(InvalidSaleError);
        return (error as Error).message;
      };
      expect(await refusal({ id: "two words" })).toContain(`the sale's id is "two words"`);
      expect(await refusal({ title: "" })).toContain("title is");
      expect(await refusal({ endsAtMs: 1_000 })).toContain("endsAtMs is 1000, but must be later than startsAtMs, 1000");
      expect(await refusal({ startsAtMs: 1.5 })).toContain("startsAtMs is 1.5");
      expect(await refusal({}, { id: "x".repeat(65) })).toContain("a product's id is");
      expect(await refusal({}, { total: -1 })).toContain("total is -1, not a whole number from 0");
      expect(await refusal({}, { limitPerUser: 0 })).toContain("limitPerUser is 0, not a whole number from 1");
      expect(await refusal({}, { saleId: "other" })).toContain("saleId is other");
      expect(await refusal({}, { currency: "euro" })).toContain(`currency is "euro"`);
      await expect(ledger.sales.create(sale, [product, product])).rejects.toThrow(
        `the product ${product.id} is given twice`,
      );
      expect(await ledger.sales.read(sale.id)).toBeUndefined();
    });

    test("several processes create the same sale at once, and it exists once", async () => {
      const sale = makeSale();
      const products = [makeProduct(sale), makeProduct(sale)];
      const others = [place.connect(), place.connect(), place.connect()];
      await Promise.all(others.map((other) => other.sales.create(sale, products)));
      expect(await ledger.sales.read(sale.id)).toEqual({ sale, products });
    });
  });
}
