import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SaleProduct } from "../../src/domain/sale.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { GateKeeper } from "../../src/recovery/gate-keeper.ts";
import type { ConsumerReport } from "../../src/recovery/consumer-report.ts";
import type { RecoveryParts } from "../../src/recovery/recovery-parts.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { systemClock } from "../../src/time/clock.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { makeProduct, makeSale, payWithinMs } from "../contract/ledger/ledger-fixtures.ts";
import { acceptAndHandOver } from "../fakes/accept-and-hand-over.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";

describe("the keeper of the gates", () => {
  let ledger: Ledger;
  let gate: MemoryGate;
  let products: SaleProduct[];
  let reasons: string[];
  let keepers: GateKeeper[];
  let onTheWay: number;

  beforeEach(async () => {
    ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    gate = new MemoryGate();
    const sale = makeSale();
    products = Array.from({ length: 3 }, () => makeProduct(sale));
    await ledger.sales.create(sale, products);
    reasons = [];
    keepers = [];
    onTheWay = 0;
  });
  afterEach(async () => {
    for (const keeper of keepers) await keeper.stop();
    await ledger.close();
  });

  function keeper(changes: Partial<RecoveryParts> = {}): GateKeeper {
    const write = (line: string): void => {
      const { reason } = JSON.parse(line) as { reason?: string };
      if (reason !== undefined) reasons.push(reason);
    };
    const made = new GateKeeper({
      gate,
      gates: ledger.gates,
      queue: { depth: async () => ({ ready: onTheWay, unacknowledged: 0 }), unsettled: async () => onTheWay },
      repairer: "test",
      logger: createLogger({ level: "error", write, now: () => 0 }),
      clock: systemClock,
      times: { leaseMs: 1_000, drainMs: 100, quietMs: 10 },
      ...changes,
    });
    keepers.push(made);
    return made;
  }
  const first = (): SaleProduct => products[0]!;
  const epochOf = async (product: SaleProduct) => (await gate.status(product.saleId, product.id))?.epoch;
  const sell = async (product: SaleProduct, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await ledger.orders.record([await acceptAndHandOver(gate, product)], { payWithinMs });
    }
  };
  /** Runs until the condition holds. */
  async function run(made: GateKeeper, what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
    made.start();
    await waitUntil(condition, { what, timeoutMs: 10_000, intervalMs: 5 });
  }

  test("arms each new product once, whatever other keepers do", async () => {
    const others = [keeper(), keeper(), keeper()];
    await Promise.all(others.map((other) => other.step()));
    expect(others.reduce((sum, { counts }) => sum + counts.armed, 0)).toBe(3);
    for (const { id, total } of products) expect(gate.stocks.get(id)).toMatchObject({ available: total, epoch: 1 });
    await sell(first(), 2);
    await others[0]!.step();
    expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total - 2 });
    expect(others[0]!.closed).toBe(0);
  });

  test("never arms a product again that was armed by anybody: it is rebuilt from the ledger", async () => {
    await keeper().step();
    await sell(first(), 4);
    gate.stocks.clear();
    const next = keeper();
    await run(next, "all products to be rebuilt", () => next.counts.repaired === 3);
    expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total - 4, epoch: 2 });
    expect(next.counts.armed).toBe(0);
    expect(new Set(reasons)).toEqual(new Set(["the gate knows nothing of the product"]));
    expect(reasons).toHaveLength(3);
  });

  test("lets a gate go on that lost nothing in a restart, with its buyers, in a new epoch", async () => {
    await keeper().step();
    await sell(first(), 4);
    gate.server = 2;
    const next = keeper();
    await run(next, "all products to be compared", () => next.counts.adopted === 3);
    expect(gate.stocks.get(first().id)).toMatchObject({ epoch: 2, available: first().total - 4 });
    expect(gate.stocks.get(first().id)!.holders.size).toBe(4);
    await sell(first(), 1);
    expect(reasons).toEqual([]);
    expect(await ledger.gates.comparedAtMs(first().id)).toBeNumber();
  });

  test("rebuilds a gate whose units do not agree with the ledger after a restart, though its sequence does", async () => {
    await keeper().step();
    await sell(first(), 4);
    gate.server = 2;
    gate.stocks.get(first().id)!.available++;
    const next = keeper();
    await run(next, "a repair", () => next.counts.repaired === 1);
    expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total - 4, epoch: 2 });
    expect(reasons).toEqual(["3 units are taken at the gate, and 4 by the ledger"]);
  });

  test("rebuilds a gate that forgot a change of its total and has as many units as the ledger by chance", async () => {
    await keeper().step();
    // Its outbox is lost: the ledger does not know the reservation.
    await acceptAndHandOver(gate, first());
    const { total } = first();
    Object.assign(gate.stocks.get(first().id)!, { total: total + 1, available: total });
    gate.server = 2;
    const next = keeper();
    await run(next, "a repair", () => next.counts.repaired === 1);
    expect(gate.stocks.get(first().id)).toMatchObject({ total, available: total, epoch: 2 });
    expect(gate.stocks.get(first().id)!.holders.size).toBe(0);
    expect(reasons).toEqual(["1 units are taken at the gate, and 0 by the ledger"]);
  });

  test("compares nothing while reservations are on their way, and says so once", async () => {
    await keeper().step();
    gate.server = 2;
    onTheWay = 3;
    const next = keeper();
    await run(next, "a log line for each product", () => reasons.length === 3);
    await Bun.sleep(100);
    expect(new Set(reasons)).toEqual(new Set(["3 reservations are in the queue"]));
    expect(reasons).toHaveLength(3);
    expect([next.counts.adopted, next.closed]).toEqual([0, 3]);
    onTheWay = 0;
    await run(next, "all products to be compared", () => next.counts.adopted === 3);
  });

  test("without access to the queue it closes a lost product, and leaves the repair to others at once", async () => {
    await keeper().step();
    await sell(first(), 4);
    Object.assign(gate.stocks.get(first().id)!, { sequence: 2, available: 9 });
    const blind = keeper({ queue: undefined });
    await run(blind, "its reason", () => reasons.length === 2);
    expect(reasons[1]).toBe("this process cannot ask the queue");
    expect(gate.stocks.get(first().id)).toMatchObject({ open: false, epoch: 1 });
    const seeing = keeper();
    await run(seeing, "a repair", () => seeing.counts.repaired === 1);
    expect(blind.counts.repaired).toBe(0);
  });

  test("finds a gate at a lower sequence than the ledger has seen, without any restart", async () => {
    await keeper().step();
    await sell(first(), 4);
    Object.assign(gate.stocks.get(first().id)!, { sequence: 2, available: 9 });
    const next = keeper();
    await run(next, "a repair", () => next.counts.repaired === 1);
    expect(reasons).toEqual(["the gate is at sequence 2, the ledger has seen sequence 5"]);
    expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total - 4 });
  });

  test("finds a gate that is ahead of a ledger from a backup, and begins an epoch above both", async () => {
    await keeper().step();
    gate.stocks.get(first().id)!.epoch = 5;
    const next = keeper();
    await run(next, "a repair", () => next.counts.repaired === 1);
    expect(await epochOf(first())).toBe(6);
  });

  test("rebuilds a gate that has lost reservations on their way, and only that: its counters are as they were", async () => {
    let letters = 1;
    let isAway = false;
    const unsettled = async (): Promise<number> => {
      if (isAway) throw new Error("the queue is away");
      return onTheWay;
    };
    const queue = { depth: async () => ({ ready: 0, unacknowledged: 0 }), unsettled };
    const made = keeper({ queue, deadLetters: async () => letters });
    await made.step();
    await sell(first(), 2);
    // Accepted, and then lost with the outbox.
    await acceptAndHandOver(gate, first());
    onTheWay = 1;
    for (let looks = 0; looks < 5; looks++) await made.step();
    isAway = true;
    for (let looks = 0; looks < 5; looks++) await made.step();
    expect(made.closed).toBe(0);
    isAway = false;
    onTheWay = 0;
    for (let looks = 0; looks < 5; looks++) await made.step();
    letters = 0;
    expect([made.closed, ...reasons]).toEqual([0]);
    await made.step();
    await made.step();
    await waitUntil(() => made.counts.repaired === 1, { what: "the repair", timeoutMs: 10_000, intervalMs: 5 });
    const { total } = first();
    expect(reasons).toEqual(["3 units are taken at the gate, and 2 by the ledger"]);
    expect(gate.stocks.get(first().id)).toMatchObject({ available: total - 2, epoch: 2 });
    for (let looks = 0; looks < 5; looks++) await made.step();
    expect(made.counts.repaired).toBe(1);
  });

  test("judges units when a shared queue was empty, and not before its consumers have decided what they have, though they come and go", async () => {
    let elapsedMs = 1_000_000;
    let ready = 0;
    let consumers: ConsumerReport[] = [];
    const queue = { depth: async () => ({ ready, unacknowledged: 0, consumers: consumers.length }) };
    const clock = { now: systemClock.now, elapsedMs: () => elapsedMs };
    const made = keeper({ queue, clock, consumers: async () => consumers });
    const look = async (instances: readonly string[], held = 0, busy: Partial<ConsumerReport> = {}): Promise<void> => {
      elapsedMs += 2_000;
      const report = { ageMs: 0, held, received: 0, oldestMs: 10_000, connection: 1, ...busy };
      consumers = instances.map((instance) => ({ instance, ...report }));
      ready = consumers.length === 0 || report.received > 0 ? 1 : 0;
      await made.step();
    };
    await made.step();
    await acceptAndHandOver(gate, first());
    // Each of them had the message and crashed, and the next one got it.
    for (const instances of [[], ["a"], [], ["b"], ["c"], ["d"]]) await look(instances, 1);
    for (let looks = 0; looks < 4; looks++) await look(["d"], 1);
    for (let looks = 0; looks < 4; looks++) await look([]);
    // Others sell so much that the queue is never empty: nobody can tell whose message waits.
    for (let looks = 1; looks < 6; looks++) await look(["d"], 1, { received: 100 * looks, oldestMs: 10 });
    expect([made.closed, ...reasons]).toEqual([0]);
    // Nobody has the message, so there is none any more. Another consumer crashes again and again.
    let looks = 0;
    const lookAgain = async (): Promise<boolean> => {
      await look(looks++ % 2 === 0 ? ["e"] : ["e", `crashing ${looks}`]);
      return made.counts.repaired === 1;
    };
    await waitUntil(lookAgain, { what: "the repair", timeoutMs: 10_000, intervalMs: 5 });
  });

  test("leaves gates alone whose units move: sold, returned, added or taken out", async () => {
    const made = keeper();
    await made.step();
    await sell(first(), 2);
    const { saleId, id } = first();
    for (let looks = 0; looks < 3; looks++) {
      await acceptAndHandOver(gate, first());
      await made.step();
    }
    const [, second, third] = products as [SaleProduct, SaleProduct, SaleProduct];
    // The gate has not heard of the first one, and the ledger waits for the gate with the second one.
    await ledger.changes.change(saleId, { kind: "restock", productId: second.id, units: 5 }, { actor: "ada" });
    await ledger.changes.change(saleId, { kind: "restock", productId: third.id, units: -1 }, { actor: "ada" });
    gate.stocks.get(third.id)!.available--;
    for (let looks = 0; looks < 3; looks++) {
      await acceptAndHandOver(gate, first());
      await made.step();
    }
    await Bun.sleep(20);
    expect([made.counts.repaired, reasons, (await gate.status(saleId, id))?.epoch]).toEqual([0, [], 1]);
  });

  test("a gate that does not answer holds up only its own products, and its products do not count as armed", async () => {
    const frozen = first().id;
    let isFrozen = true;
    const status: MemoryGate["status"] = (saleId, id) =>
      isFrozen && id === frozen ? new Promise(() => {}) : gate.status(saleId, id);
    const partly = keeper({ gate: { arm: gate.arm.bind(gate), status, repair: gate.repair } });
    await run(partly, "the other products to be armed", () => partly.counts.armed === 2);
    expect(await ledger.gates.unarmed("", 10, 0)).toMatchObject([{ product: { id: frozen } }]);
    isFrozen = false;
    const next = keeper();
    await next.step();
    expect(next.counts.armed).toBe(1);
  });

  test("looks at once at a product of which a buyer was told that it is closed", async () => {
    const made = keeper();
    await made.step();
    await sell(first(), 1);
    gate.stocks.delete(first().id);
    const withoutSlice = async (): Promise<number> => {
      await made.step(false);
      await Bun.sleep(50);
      return made.counts.repaired;
    };
    expect(await withoutSlice()).toBe(0);
    made.hurry(first().id, { epoch: 1, sequence: 0 });
    expect(await withoutSlice()).toBe(1);
  });

  test("rebuilds a gate that is behind what a gateway has seen, though the ledger has not heard of it", async () => {
    const made = keeper();
    await made.step();
    await sell(first(), 1);
    made.hurry(first().id, { epoch: 1, sequence: 2 });
    await made.step(false);
    await Bun.sleep(50);
    expect([made.counts.repaired, made.closed]).toEqual([0, 0]);
    made.hurry(first().id, { epoch: 1, sequence: 3 });
    await made.step(false);
    await Bun.sleep(50);
    expect(made.counts.repaired).toBe(1);
    expect(reasons).toEqual(["the gate is at sequence 2, the ledger has seen sequence 3"]);
  });

  test("after a restart, a unit on its way back comes back once", async () => {
    await keeper().step();
    const sold = await acceptAndHandOver(gate, first());
    await ledger.orders.record([sold], { payWithinMs });
    await ledger.orders.cancel(sold.reservationId);
    gate.server = 2;
    const next = keeper();
    await run(next, "all products to be compared", () => next.counts.adopted === 3);
    expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total });
    const [pending] = await ledger.returns.pending(1);
    expect(await gate.giveBack(pending!)).toMatchObject({ kind: "ignored" });
    expect(gate.stocks.get(first().id)!.holders.size).toBe(0);
  });

  test("rebuilds a gate of which the ledger has heard a later state while it was compared", async () => {
    await keeper().step();
    await sell(first(), 1);
    const { id } = first();
    const sequence = gate.stocks.get(id)!.sequence + 1;
    const reservation = await acceptAndHandOver(gate, first());
    await ledger.orders.record([reservation], { payWithinMs });
    await ledger.orders.cancel(reservation.reservationId);
    const before = structuredClone(gate.stocks.get(id)!);
    const [pending] = await ledger.returns.pending(1);
    // The sweeper has the gate's answer, which the gate forgets, and tells the ledger in the middle of the comparison.
    const answer = await gate.giveBack(pending!);
    gate.stocks.set(id, before);
    gate.server = 2;
    const gates = new Proxy(ledger.gates, {
      get(target, name) {
        if (name !== "beginEpochs") return (Reflect.get(target, name) as () => void).bind(target);
        return async (...args: Parameters<typeof target.beginEpochs>) => {
          await ledger.returns.markReturned([{ ...pending!, gate: answer as { epoch: number; sequence: number } }]);
          return target.beginEpochs(...args);
        };
      },
    });
    const next = keeper({ gates });
    await run(next, "a repair", () => next.counts.repaired === 1);
    expect(sequence).toBeLessThan((answer as { sequence: number }).sequence);
    expect(gate.stocks.get(id)!.holders.size).toBe(1);
  });

  test("asks the ledger as often for many orders as for few, and for a slice of the products at a time", async () => {
    await keeper().step();
    await sell(first(), 10);
    let queries = 0;
    const counted = new Proxy(ledger.gates, {
      get(target, name) {
        queries++;
        return Reflect.get(target, name).bind(target) as unknown;
      },
    });
    await keeper({ gates: counted }).step();
    expect(queries).toBeLessThanOrEqual(4);
  });

  test("brings a gate in order whose server restarts days after the sale, while a unit is to come back", async () => {
    await keeper().step();
    const reservation = await acceptAndHandOver(gate, first());
    await ledger.orders.record([reservation], { payWithinMs });
    await ledger.orders.cancel(reservation.reservationId);
    gate.server = 2;
    const { endsAtMs } = (await ledger.sales.list())[0]!;
    const clock = { ...systemClock, now: () => endsAtMs + 3 * 86_400_000 };
    const sweeper = startSweeper({ ...ledger, gate, intervalMs: 20, now: clock.now });
    try {
      // The gate is closed, so that it does not take the unit.
      await sweeper.sweep();
      expect(await ledger.returns.pending(10)).toHaveLength(1);
      const late = keeper({ clock });
      await run(late, "the unit to come back", async () => (await ledger.returns.pending(10)).length === 0);
      expect(gate.stocks.get(first().id)).toMatchObject({ available: first().total, server: 2 });
      // Nothing is to come back to the others.
      expect([late.counts.adopted, gate.stocks.get(products[1]!.id)!.server]).toEqual([1, 1]);
    } finally {
      await sweeper.stop();
    }
  });

  test("does not rebuild what a gate has forgotten days after the sale", async () => {
    await keeper().step();
    const reservation = await acceptAndHandOver(gate, first());
    await ledger.orders.record([reservation], { payWithinMs });
    await ledger.orders.cancel(reservation.reservationId);
    gate.stocks.clear();
    const { endsAtMs } = (await ledger.sales.list())[0]!;
    const clock = { ...systemClock, now: () => endsAtMs + 3 * 86_400_000 };
    const late = keeper({ clock });
    late.hurry(first().id, { epoch: 1, sequence: 1 });
    await run(late, "all of them to be looked at", () => late.closed === 0);
    expect([gate.stocks.size, late.counts.repaired]).toEqual([0, 0]);
  });
});
