import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { bucketIndex, groupBuckets, maxBuckets, productOf, splitIntoBuckets } from "../../src/domain/buckets.ts";
import { type ChangeableProduct, planChange } from "../../src/domain/sale-change.ts";
import type { SaleRecord } from "../../src/domain/sale.ts";
import { testProduct } from "../fakes/test-gateway.ts";

const sale: SaleRecord = {
  ...{ id: "spring", title: "Spring", startsAtMs: 0, endsAtMs: 10_000 },
  ...{ state: "published", paused: false, version: 1 },
};

describe("buckets", () => {
  test("the ids of buckets lead back to the product and its order, and are no ids that a merchant can choose", () => {
    const buckets = splitIntoBuckets({ ...testProduct, total: 100 }, maxBuckets);
    expect(buckets.reduce((sum, { total }) => sum + total, 0)).toBe(100);
    expect(new Set(buckets.map(({ total }) => total))).toEqual(new Set([1, 2]));
    expect(buckets[0]!.id).toBe(testProduct.id);
    expect(buckets.map(({ id }) => bucketIndex(id))).toEqual(Array.from({ length: maxBuckets }, (_, index) => index));
    expect(new Set(buckets.map(({ id }) => productOf(id)))).toEqual(new Set([testProduct.id]));
    expect(groupBuckets([...buckets].reverse(), ({ id }) => id)).toEqual([buckets]);
    for (const id of ["a#", "a#0", "a#x", "#", "a-1", "a#1b"]) expect(productOf(id)).toBe(id);
  });

  test("more or fewer units of a product change the sum of its buckets by so much, and never below what is taken", () => {
    const bucket = fc.record({ taken: fc.nat(20), free: fc.nat(20), isMoving: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(bucket, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -60, max: 60 }),
        (drawn, units) => {
          const ids = splitIntoBuckets(testProduct, drawn.length).map(({ id }) => id);
          const products = drawn.map(({ taken, free, isMoving }, index): ChangeableProduct => {
            const to = ids[(index + 1) % ids.length]!;
            const moves = isMoving && free > 0 && ids.length > 1;
            const lowering = moves ? { total: taken + free - 1, to, since: 1 } : undefined;
            return {
              ...testProduct,
              id: ids[index]!,
              total: taken + free,
              taken,
              paused: false,
              revision: 1,
              lowering,
            };
          });
          const change = { kind: "restock", productId: testProduct.id, units } as const;
          const planned = planChange({ sale, products }, change, { nowMs: 1, revision: 2, isStartFixed: false });
          if ("refused" in planned) return expect(planned.refused).toMatch(/reserved or sold|try again later/);
          const after = products.map((before) => planned.changed.find(({ id }) => id === before.id) ?? before);
          let sum = 0;
          for (const [index, product] of after.entries()) {
            const before = products[index]!;
            // A bucket in a move keeps the total that the move counts on.
            if (before.lowering !== undefined) expect(product).toEqual(before);
            const planned = product.lowering?.to === undefined ? product.lowering?.total : undefined;
            const total = planned ?? product.total;
            expect(total).toBeGreaterThanOrEqual(before.taken);
            sum += total - before.total;
          }
          expect(sum).toBe(units);
        },
      ),
      { seed: propertySeed(), numRuns: 2_000 },
    );
  });
});
