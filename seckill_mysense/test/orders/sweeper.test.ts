import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { repairedAfterEndMs, type SaleProduct } from "../../src/domain/sale.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { PendingReturn } from "../../src/ledger/returns.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { requestsKeptMs } from "../../src/orders/forget-requests.ts";
import { startSweeper, type Sweeper, type SweeperOptions } from "../../src/orders/sweeper.ts";
import { createSale } from "../contract/ledger/ledger-fixtures.ts";
import { rebuild } from "../contract/gate/gate-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

describe("the sweeper", () => {
  let ledger: Ledger;
  let gate: MemoryGate;
  const sweepers: Sweeper[] = [];
  const recordedAtMs = 1_000;
  const payWithinMs = 500;
  let nowMs = recordedAtMs;

  beforeEach(async () => {
    nowMs = recordedAtMs;
    ledger = sqliteLedger({ file: ":memory:", now: () => recordedAtMs });
    await ledger.migrate();
    gate = new MemoryGate(() => recordedAtMs);
  });
  afterEach(async () => {
    for (const sweeper of sweepers.splice(0)) await sweeper.stop();
    await ledger.close();
  });

  const start = (options: Partial<SweeperOptions> = {}): Sweeper => {
    sweepers.push(
      startSweeper({
        orders: ledger.orders,
        bundles: ledger.bundles,
        returns: ledger.returns,
        gate,
        now: () => nowMs,
        intervalMs: 1_000_000,
        ...options,
      }),
    );
    return sweepers.at(-1) as Sweeper;
  };
  /** A product of ten units, `count` of them reserved at the gate and in the ledger. */
  const sell = async (count: number): Promise<SaleProduct> => {
    const { sale, product } = await createSale(ledger, { total: 10 });
    await gate.arm(sale, product, product.total);
    const accepted = await Promise.all(Array.from({ length: count }, () => acceptAndHandOver(gate, product)));
    await ledger.orders.record(accepted, { payWithinMs });
    return product;
  };
  const available = async ({ saleId, id }: SaleProduct): Promise<number> => (await gate.status(saleId, id))!.available;

  test("brings the units of unpaid orders back to the gate", async () => {
    const product = await sell(4);
    const sweeper = start();
    expect(await sweeper.sweep()).toEqual({ expired: 0, applied: 0, failed: 0 });
    nowMs = recordedAtMs + payWithinMs + 1;
    expect(await sweeper.sweep()).toEqual({ expired: 4, applied: 4, failed: 0 });
    expect(await available(product)).toBe(10);
    expect(await sweeper.sweep()).toEqual({ expired: 0, applied: 0, failed: 0 });
  });

  test("works through more than one step holds", async () => {
    const product = await sell(7);
    nowMs = recordedAtMs + payWithinMs + 1;
    expect(await start({ maxBatch: 2 }).sweep()).toEqual({ expired: 7, applied: 7, failed: 0 });
    expect(await available(product)).toBe(10);
  });

  test("thousands of orders of a cancelled sale hold up neither expiries nor returns of another one", async () => {
    const product = await sell(1);
    const done: string[] = [];
    let toExpire = 1;
    let toRelease = 40;
    let made = 0;
    let pending: PendingReturn[] = [];
    const add = (productId: string, count: number): void => {
      for (let at = 0; at < count; at++) {
        const reservationId = `r${(made += 1)}`;
        pending.push({ ...product, productId, reservationId, userId: "u", epoch: 1, saleEndsAtMs: nowMs });
      }
    };
    add("cancelled", 40);
    add("radio", 1);
    const orders = {
      expireUnpaid: async () => (toExpire-- > 0 ? 1 : 0),
      releaseCancelled: async (limit: number) => {
        const released = Math.min(limit, toRelease);
        toRelease -= released;
        if (released > 0) done.push("released");
        add("cancelled", released);
        return released;
      },
    };
    const returns = {
      pending: async (limit: number, except: readonly string[] = []) =>
        pending.filter(({ productId }) => !except.includes(productId)).slice(0, limit),
      markReturned: async (marked: readonly { readonly reservationId: string; readonly productId: string }[]) => {
        const ids = new Set(marked.map(({ reservationId }) => reservationId));
        pending = pending.filter(({ reservationId }) => !ids.has(reservationId));
        done.push(...new Set(marked.map(({ productId }) => productId)));
        return new Set<string>();
      },
    };
    const giving = { giveBack: async () => ({ kind: "returned", epoch: 1, sequence: 1 }) as const };
    const swept = await start({ orders, returns, gate: giving, maxBatch: 10 }).sweep();
    expect(swept).toEqual({ expired: 41, applied: 81, failed: 0 });
    expect(done.slice(0, 6)).toEqual(["released", "cancelled", "radio", "released", "cancelled", "released"]);
  });

  test("a step that fails keeps neither expiries nor returns from their work", async () => {
    const product = await sell(2);
    nowMs = recordedAtMs + payWithinMs + 1;
    const orders = {
      expireUnpaid: ledger.orders.expireUnpaid.bind(ledger.orders),
      releaseCancelled: () => Promise.reject(new Error("an order is corrupt")),
    };
    await expect(start({ orders }).sweep()).rejects.toThrow("an order is corrupt");
    expect(await available(product)).toBe(10);
  });

  test("returns of very many closed products do not hold up that of another one", async () => {
    const product = await sell(1);
    nowMs = recordedAtMs + payWithinMs + 1;
    await ledger.orders.expireUnpaid(nowMs, 10);
    const [healthy] = await ledger.returns.pending(1);
    const closed = Array.from({ length: 1_200 }, (_, at) => ({
      ...healthy!,
      reservationId: `r${at}`,
      productId: `p${at}`,
    }));
    let left = [...closed, healthy!];
    const returns = {
      pending: async (limit: number, except: readonly string[] = []) => {
        const waits = new Set(except);
        return left.filter(({ productId }) => !waits.has(productId)).slice(0, limit);
      },
      markReturned: async (marked: readonly { readonly reservationId: string }[]) => {
        const ids = new Set(marked.map(({ reservationId }) => reservationId));
        left = left.filter(({ reservationId }) => !ids.has(reservationId));
        return new Set<string>();
      },
    };
    const swept = await start({ returns }).sweep();
    expect(swept).toMatchObject({ applied: 1, failed: 1_200, reason: "r0: the gate's product is unknown" });
    expect(await available(product)).toBe(10);
  });

  test("keeps a return that the gate did not take, and brings it the next time", async () => {
    const product = await sell(3);
    nowMs = recordedAtMs + payWithinMs + 1;
    gate.failingReturns = 2;
    const sweeper = start();
    expect(await sweeper.sweep()).toMatchObject({
      expired: 3,
      applied: 1,
      failed: 2,
      reason: expect.stringContaining("the gate is away"),
    });
    expect(await sweeper.sweep()).toEqual({ expired: 0, applied: 2, failed: 0 });
    expect(await available(product)).toBe(10);
  });

  test("a crash between the gate and the mark repeats the return, and the unit comes back once", async () => {
    const product = await sell(2);
    nowMs = recordedAtMs + payWithinMs + 1;
    const crashing = start({
      returns: {
        pending: (limit) => ledger.returns.pending(limit),
        markReturned: () => Promise.reject(new Error("killed")),
      },
    });
    await expect(crashing.sweep()).rejects.toThrow("killed");
    expect(await available(product)).toBe(10);
    expect(await ledger.returns.pending(10)).toHaveLength(2);
    expect(await start().sweep()).toMatchObject({ applied: 2 });
    expect(gate.giveBackCalls).toBe(4);
    expect(await available(product)).toBe(10);
    expect(await ledger.returns.pending(10)).toEqual([]);
  });

  test("returns of a gate that is ahead of a restored ledger wait, are reported, and hold nobody up", async () => {
    const product = await sell(4);
    const other = await sell(1);
    nowMs = recordedAtMs + payWithinMs + 1;
    gate.stocks.get(product.id)!.epoch = 2;
    const sweeper = start({ maxBatch: 2 });
    const swept = await sweeper.sweep();
    expect(swept).toMatchObject({
      expired: 5,
      applied: 1,
      reason: `gate and ledger are in different epochs of ${product.id}`,
    });
    expect(gate.giveBackCalls).toBeLessThan(10);
    expect(await ledger.returns.pending(10)).toHaveLength(4);
    expect(await available(other)).toBe(10);
  });

  test("a return of an older epoch is settled without adding a unit", async () => {
    const product = await sell(2);
    nowMs = recordedAtMs + payWithinMs + 1;
    await ledger.orders.expireUnpaid(nowMs, 10);
    await ledger.gates.raiseEpoch(product.id, 1);
    const sale = (await ledger.sales.read(product.saleId))!.sale;
    const inEpoch = (epoch: number): SaleProduct => ({ ...product, epoch });
    await rebuild(gate, { sale, inEpoch }, { epoch: 2, available: 10 });
    expect(await available(product)).toBe(10);
    expect(await start().sweep()).toEqual({ expired: 0, applied: 2, failed: 0 });
    expect(await available(product)).toBe(10);
  });

  test("returns to a product that is closed for a repair wait, and do not hold up the others", async () => {
    const [closed, open] = [await sell(5), await sell(2)];
    const lease = { product: closed, token: "repair", leaseMs: 60_000 };
    await gate.repair.begin(lease, 1);
    nowMs = recordedAtMs + payWithinMs + 1;
    const sweeper = start({ maxBatch: 2 });
    expect(await sweeper.sweep()).toMatchObject({ expired: 7, applied: 2 });
    expect(await available(open)).toBe(10);
    expect(await available(closed)).toBe(5);
    gate.stocks.get(closed.id)!.open = true;
    expect(await sweeper.sweep()).toMatchObject({ applied: 5, failed: 0 });
    expect(await available(closed)).toBe(10);
  });

  test("a return to a gate that forgot the product waits until its sale is long over", async () => {
    const product = await sell(1);
    const { endsAtMs } = (await ledger.sales.read(product.saleId))!.sale;
    gate.stocks.clear();
    nowMs = recordedAtMs + payWithinMs + 1;
    const sweeper = start();
    expect(await sweeper.sweep()).toMatchObject({ expired: 1, applied: 0, failed: 1 });
    nowMs = endsAtMs + repairedAfterEndMs + 1;
    expect(await sweeper.sweep()).toEqual({ expired: 0, applied: 1, failed: 0 });
  });

  test("several sweepers at once bring each unit back once", async () => {
    const product = await sell(9);
    nowMs = recordedAtMs + payWithinMs + 1;
    const results = await Promise.all([start().sweep(), start().sweep(), start().sweep()]);
    expect(results.reduce((sum, { expired }) => sum + expired, 0)).toBe(9);
    await start().sweep();
    expect(await available(product)).toBe(10);
  });

  test("sweeps by itself, goes on after a failure, and ends when it is stopped", async () => {
    const product = await sell(1);
    let sweeps = 0;
    const sweeper = start({
      intervalMs: 1,
      orders: {
        expireUnpaid: (now, limit) =>
          ++sweeps < 3 ? Promise.reject(new Error("away")) : ledger.orders.expireUnpaid(now, limit),
        releaseCancelled: (limit) => ledger.orders.releaseCancelled(limit),
      },
    });
    nowMs = recordedAtMs + payWithinMs + 1;
    await waitUntil(async () => (await available(product)) === 10, {
      what: "the unit to return",
      timeoutMs: 5_000,
      intervalMs: 1,
    });
    await sweeper.stop();
    const atStop = sweeps;
    await Bun.sleep(20);
    expect(sweeps).toBe(atStop);
  });

  test("forgets the requests of programs 30 days after the end of their sale, in one pass an hour", async () => {
    const { sale, product } = await createSale(ledger);
    const { programRequests } = ledger;
    const request = { program: "shop", saleId: sale.id, productId: product.id, userId: "shop:ada", quantity: 1 };
    const add = (id: string) =>
      programRequests.register({ ...request, reservationId: id, requestId: id, requestedAtMs: 1_000 });
    const isKept = async (id: string): Promise<boolean> => (await programRequests.read(id)) !== undefined;
    await add("one");
    const sweeper = start({ programRequests });
    nowMs = sale.endsAtMs + requestsKeptMs;
    await sweeper.sweep();
    expect(await isKept("one")).toBe(true);
    nowMs += 3_600_000;
    await sweeper.sweep();
    expect(await isKept("one")).toBe(false);
    await add("two");
    await sweeper.sweep();
    expect(await isKept("two")).toBe(true);
    nowMs += 3_600_000;
    await sweeper.sweep();
    expect(await isKept("two")).toBe(false);
  });
});
