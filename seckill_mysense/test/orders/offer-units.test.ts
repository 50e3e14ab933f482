import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import { isOffer } from "../../src/domain/waiter.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { startSweeper, type Sweeper } from "../../src/orders/sweeper.ts";
import { createSale, makeProduct, makeSale } from "../contract/ledger/ledger-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

describe("offers to those who wait", () => {
  let ledger: Ledger;
  let gate: MemoryGate;
  let nowMs: number;
  let sweepers: Sweeper[];
  let borrowedFor: string[];
  const payWithinMs = 60_000;
  const windowMs = 5_000;

  beforeEach(async () => {
    nowMs = 10_000;
    borrowedFor = [];
    ledger = sqliteLedger({ file: ":memory:", now: () => nowMs });
    await ledger.migrate();
    gate = new MemoryGate(() => nowMs);
    sweepers = [start(), start()];
  });
  afterEach(async () => {
    for (const sweeper of sweepers) await sweeper.stop();
    await ledger.close();
  });

  const start = (): Sweeper =>
    startSweeper({
      orders: ledger.orders,
      bundles: ledger.bundles,
      returns: ledger.returns,
      gate,
      offers: { waiters: ledger.waiters, gate, borrow: async ({ product }) => void borrowedFor.push(product.id) },
      now: () => nowMs,
      elapsedMs: () => nowMs,
      intervalMs: 1_000_000,
    });
  const sweep = () => sweepers[0]!.sweep();

  /** A product that is sold out, with the reservations of its buyers. */
  async function soldOut(total: number): Promise<{ product: SaleProduct; sold: string[] }> {
    const { sale, product } = await createSale(ledger, { total });
    return sellOut(sale, product);
  }
  async function sellOut(sale: Sale, product: SaleProduct): Promise<{ product: SaleProduct; sold: string[] }> {
    const { total } = product;
    await gate.arm(sale, product, total);
    const accepted = [];
    for (let unit = 0; unit < total; unit++) accepted.push(await acceptAndHandOver(gate, product));
    await ledger.orders.record(accepted, { payWithinMs });
    return { product, sold: accepted.map(({ reservationId }) => reservationId) };
  }
  /** As a gateway does it. */
  async function wait(product: SaleProduct, ...userIds: string[]): Promise<void> {
    const listed = (await ledger.waiters.open(product.id))!;
    await gate.amend(listed.sale, listed.product);
    const { version } = (await gate.status(product.saleId, product.id))!;
    for (const userId of userIds) {
      const request = { productId: product.id, userId, gateVersion: version, windowMs, maxWaiting: 100 };
      expect(await ledger.waiters.join(request)).toMatchObject({ kind: "joined" });
    }
  }
  /** Relay and consumer in one. */
  async function deliver(product: SaleProduct): Promise<void> {
    const entries = await gate.readOutbox(product, "relay", 1_000);
    await ledger.orders.record(
      entries.map(({ reservation }) => reservation),
      { payWithinMs },
    );
    await gate.acknowledgeOutbox(
      product,
      entries.map(({ entryId }) => entryId),
    );
  }
  const offeredTo = (): string[] =>
    gate.accepted.filter(({ reservationId }) => isOffer(reservationId)).map(({ userId }) => userId);
  const stateOf = async ({ id }: SaleProduct, userId: string) => (await ledger.waiters.read(id, userId))!.state;
  const status = async ({ saleId, id }: SaleProduct) => (await gate.status(saleId, id))!;

  test("a unit that comes back is offered in the same sweep, to the first", async () => {
    const { product, sold } = await soldOut(2);
    await wait(product, "ann", "bob");
    await ledger.orders.cancel(sold[0]!);
    expect(await sweep()).toEqual({ expired: 0, applied: 1, failed: 0, offered: 1 });
    await deliver(product);
    expect(offeredTo()).toEqual(["ann"]);
    expect([await stateOf(product, "ann"), await stateOf(product, "bob")]).toEqual(["offered", "waiting"]);
  });

  test("an offer that expires or is declined goes to the next one, and the list closes when nobody waits", async () => {
    const { product, sold } = await soldOut(1);
    await wait(product, "ann", "bob", "cid");
    await ledger.orders.cancel(sold[0]!);
    await sweep();
    await deliver(product);
    nowMs += windowMs + 1;
    expect(await sweep()).toMatchObject({ expired: 1, offered: 1 });
    await deliver(product);
    const bob = (await ledger.waiters.read(product.id, "bob"))!;
    await ledger.orders.cancel(bob.reservationId);
    await sweep();
    await deliver(product);
    expect(offeredTo()).toEqual(["ann", "bob", "cid"]);
    expect((await status(product)).waiting).toBe(true);
    await sweep();
    expect((await status(product)).waiting).toBe(false);
  });

  test("offers on their way are not made twice, and do not keep the next unit from the next one", async () => {
    const { product, sold } = await soldOut(3);
    await wait(product, "ann", "bob", "cid");
    await ledger.orders.cancel(sold[0]!);
    await sweep();
    await sweep();
    await ledger.orders.cancel(sold[1]!);
    await sweep();
    expect(offeredTo()).toEqual(["ann", "bob"]);
    await deliver(product);
    await sweep();
    expect(offeredTo()).toEqual(["ann", "bob"]);
  });

  test("two sweepers at once offer each unit once, in the order", async () => {
    const { product, sold } = await soldOut(3);
    await wait(product, "ann", "bob", "cid", "dan");
    for (const id of sold) await ledger.orders.cancel(id);
    await Promise.all(sweepers.map((sweeper) => sweeper.sweep()));
    expect(offeredTo()).toEqual(["ann", "bob", "cid"]);
  });

  test("an unknown outcome stops the round: nobody is asked before the first one has an answer", async () => {
    const { product, sold } = await soldOut(1);
    await wait(product, "ann", "bob");
    await ledger.orders.cancel(sold[0]!);
    gate.scripted.push(() => Promise.reject(new Error("no answer")));
    await sweep();
    expect(offeredTo()).toEqual([]);
    await sweep();
    expect(offeredTo()).toEqual(["ann"]);
  });

  test("somebody who has left, or holds a unit by now, is passed over", async () => {
    const { product, sold } = await soldOut(2);
    await wait(product, "ann", "bob", "cid");
    await ledger.waiters.leave(product.id, "ann");
    const stock = gate.stocks.get(product.id)!;
    stock.holders.set("bob", [{ reservationId: "bought-elsewhere" }]);
    await ledger.orders.cancel(sold[0]!);
    await sweep();
    expect(offeredTo()).toEqual(["cid"]);
    // The ledger does not know yet whether bob's reservation becomes an order: bob keeps the place until it does.
    expect(await stateOf(product, "bob")).toBe("waiting");
  });

  test("the end of the sale, by the gate's clock, ends the wait", async () => {
    const { product } = await soldOut(1);
    await wait(product, "ann");
    nowMs = (await status(product)).endsAtMs - 1;
    await sweep();
    // The only order has expired, and went to ann.
    expect(offeredTo()).toEqual(["ann"]);
    const late = await soldOut(1);
    await wait(late.product, "bob");
    nowMs += 2;
    await sweep();
    expect(await stateOf(late.product, "bob")).toBe("ended");
    expect((await status(late.product)).waiting).toBe(false);
  });

  test("a gate that is closed, or one product whose gate does not answer, leaves the others alone", async () => {
    const [first, second] = [await soldOut(1), await soldOut(1)];
    for (const { product, sold } of [first, second]) {
      await wait(product, "ann");
      await ledger.orders.cancel(sold[0]!);
    }
    const asked = gate.status.bind(gate);
    gate.status = (saleId, id) => (id === first.product.id ? Promise.reject(new Error("frozen")) : asked(saleId, id));
    await sweep();
    expect(await stateOf(first.product, "ann")).toBe("waiting");
    expect(
      gate.accepted.filter(({ reservationId }) => isOffer(reservationId)).map(({ productId }) => productId),
    ).toEqual([second.product.id]);
  });

  test("what is free although somebody waits can be seen, with its age", async () => {
    const { product, sold } = await soldOut(1);
    await wait(product, "ann");
    await ledger.orders.cancel(sold[0]!);
    gate.scripted.push(async () => ({ kind: "paused" }));
    await sweep();
    expect(sweepers[0]!.lists).toMatchObject({ waiting: 1, lists: 1, freeSinceMs: nowMs });
    await sweep();
    expect(sweepers[0]!.lists.freeSinceMs).toBeUndefined();
  });

  test("units are looked for in other buckets only where there are other buckets", async () => {
    const whole = await soldOut(1);
    const sale = makeSale();
    const buckets = splitIntoBuckets(makeProduct(sale, { total: 2 }), 2);
    await ledger.sales.create(sale, buckets);
    await wait(whole.product, "ann");
    for (const bucket of buckets) await wait((await sellOut(sale, bucket)).product, "bob");
    await sweep();
    expect(borrowedFor.sort()).toEqual(buckets.map(({ id }) => id));
  });
});
