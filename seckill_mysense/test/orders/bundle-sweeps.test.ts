import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BundleFigures } from "../../src/ledger/bundles.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { describeStuckBundles } from "../../src/orders/bundle-watch.ts";
import { startSweeper, type Sweeper } from "../../src/orders/sweeper.ts";
import { verifySale } from "../../src/verify/verify-sale.ts";
import { acceptBundle, createShelf, windows, type AcceptedBundle } from "../contract/ledger/bundle-fixtures.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

describe("a sweep and bundles", () => {
  let ledger: Ledger;
  let gate: MemoryGate;
  let sweeper: Sweeper;
  let nowMs: number;

  beforeEach(async () => {
    nowMs = 10_000;
    ledger = sqliteLedger({ file: ":memory:", now: () => nowMs });
    await ledger.migrate();
    gate = new MemoryGate(() => nowMs);
    const { orders, bundles, returns } = ledger;
    sweeper = startSweeper({ orders, bundles, returns, gate, now: () => nowMs, intervalMs: 1_000_000 });
    await sweeper.sweep();
  });
  afterEach(async () => {
    await sweeper.stop();
    await ledger.close();
  });

  /** Two products at the gate, and a bundle of which the gate has accepted both parts. */
  async function accepted() {
    const { sale, products } = await createShelf(ledger, 2, { total: 1 });
    for (const product of products) await gate.arm(sale, product, product.total);
    const bundle = acceptBundle(products);
    for (const { epoch: _, acceptedAtMs: __, ...request } of bundle.accepted) await gate.reserve(request);
    return { products, bundle };
  }
  const availableOf = async (products: readonly { readonly saleId: string; readonly id: string }[]) =>
    Promise.all(products.map(async ({ saleId, id }) => (await gate.status(saleId, id))!.available));
  const stateOf = async ({ bundleId }: AcceptedBundle) => (await ledger.bundles.read(bundleId))?.state;
  const verdictOf = async (saleId: string) => (await verifySale({ saleId, ledger, gate })).results.I10.status;

  test("a bundle that was given up has its units back at the gate after one sweep", async () => {
    const { products, bundle } = await accepted();
    await ledger.orders.record([bundle.accepted[0]!], windows);
    await ledger.bundles.giveUp(bundle, "sold_out");
    expect(await verdictOf(bundle.saleId)).toBe("violated");
    expect(await sweeper.sweep()).toEqual({ expired: 0, applied: 1, failed: 0 });
    expect(await availableOf(products)).toEqual([1, 0]);
    // The second part was on its way.
    await ledger.orders.record([bundle.accepted[1]!], windows);
    await sweeper.sweep();
    expect(await availableOf(products)).toEqual([1, 1]);
    expect(await verdictOf(bundle.saleId)).toBe("ok");
  });

  test("a bundle whose last part never comes is broken and released by one sweep after its window", async () => {
    const { products, bundle } = await accepted();
    await ledger.orders.record([bundle.accepted[1]!], windows);
    nowMs += windows.collectWithinMs;
    await sweeper.sweep();
    expect(await stateOf(bundle)).toBe("collecting");
    expect(await verdictOf(bundle.saleId)).toBe("violated");
    nowMs += 1;
    await sweeper.sweep();
    expect(await stateOf(bundle)).toBe("broken");
    expect(await availableOf(products)).toEqual([0, 1]);
  });

  test("a complete bundle expires as a whole, and both units can be sold again", async () => {
    const { products, bundle } = await accepted();
    await ledger.orders.record(bundle.accepted, windows);
    nowMs += windows.payWithinMs + 1;
    expect(await sweeper.sweep()).toEqual({ expired: 2, applied: 2, failed: 0 });
    expect(await stateOf(bundle)).toBe("complete");
    expect(await availableOf(products)).toEqual([1, 1]);
    expect(await verdictOf(bundle.saleId)).toBe("ok");
  });

  test("bundles that no sweep gets to are told, and those that wait in time are not", () => {
    const none = { collecting: 0, oldestCollectingMs: undefined, unreleased: 0, oldestUnreleasedMs: undefined };
    const told = (figures: Partial<BundleFigures>): string | undefined =>
      describeStuckBundles({ ...none, ...figures }, { nowMs: 100_000, collectWithinMs: 60_000 });
    expect(told({})).toBeUndefined();
    expect(
      told({ collecting: 5, oldestCollectingMs: 30_000, unreleased: 9, oldestUnreleasedMs: 90_000 }),
    ).toBeUndefined();
    expect(told({ collecting: 5, oldestCollectingMs: 29_000 })).toBe(
      "5 bundles wait for a part, the oldest for 71 s: no sweep breaks them",
    );
    expect(told({ unreleased: 2, oldestUnreleasedMs: 80_000 })).toBe(
      "2 broken bundles still hold units, the oldest for 20 s: no sweep releases them",
    );
  });
});
