import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import type { RecordOutcome } from "../../src/domain/order.ts";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { startConsumer, type Consumer, type ConsumerOptions } from "../../src/orders/consumer.ts";
import { LedgerUnavailableError, RefusedValueError } from "../../src/ledger/ledger-errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { accept, acceptMany, createSale } from "../contract/ledger/ledger-fixtures.ts";
import { queueKinds } from "../contract/queue/queue-kinds.ts";
import { RecordingQueue } from "../fakes/recording-queue.ts";

describe("the consumer", () => {
  let ledger: Ledger;
  let queue: RecordingQueue;
  let consumer: Consumer | undefined;

  beforeEach(async () => {
    ledger = sqliteLedger({ file: ":memory:" });
    await ledger.migrate();
    queue = new RecordingQueue();
  });
  afterEach(async () => {
    await consumer?.stop();
    consumer = undefined;
    await queue.close();
    await ledger.close();
  });

  const waiting = () => ledger.deadLetters.list("waiting", 10);
  const start = async (options: Partial<ConsumerOptions> = {}): Promise<Consumer> => {
    consumer = await startConsumer({ queue, ...ledger, payWithinMs: 1_000, ...options });
    return consumer;
  };
  /** Waits until this many messages are acknowledged. */
  const settled = (count: number): Promise<void> =>
    waitUntil(() => queue.acknowledged.length === count, {
      what: `${count} messages to be settled`,
      timeoutMs: 5_000,
      intervalMs: 1,
    });

  test("records what the queue brings, and acknowledges after that", async () => {
    const { product } = await createSale(ledger, { total: 1_000 });
    const reservations = acceptMany(product, 700);
    const { counts } = await start({
      orders: {
        reject: (batch) => ledger.orders.reject(batch),
        async record(batch, options) {
          for (const { reservationId } of batch) {
            expect(queue.acknowledged.some(({ reservation }) => reservation?.reservationId === reservationId)).toBe(
              false,
            );
          }
          return ledger.orders.record(batch, options);
        },
      },
    });
    await queue.publish(reservations);
    await settled(700);
    expect(counts).toMatchObject({ recorded: 700, duplicate: 0, rejected: 0, deadLettered: 0 });
    expect(await ledger.sales.readTotals(product.id)).toEqual({ total: 1_000, reserved: 700, sold: 0 });
  });

  test("acknowledges a duplicate and a refusal for good, since both are in the ledger", async () => {
    const { product } = await createSale(ledger, { total: 1 });
    const [first, second] = acceptMany(product, 2) as [AcceptedReservation, AcceptedReservation];
    await queue.publish([first, first, second]);
    const { counts } = await start();
    await settled(3);
    expect(queue.acknowledged).toHaveLength(3);
    expect(counts).toMatchObject({ recorded: 1, duplicate: 1, rejected: 1 });
    expect(await ledger.orders.readRejection(second.reservationId)).toBe("oversold");
  });

  test("sets a reservation of an unknown product aside, and its buyer can be told", async () => {
    const { product } = await createSale(ledger);
    const lost = accept(product, { productId: "nothing" });
    await queue.publish([lost, accept(product)]);
    await start();
    await settled(2);
    const { reservationId } = lost;
    const detail = `the ledger has no product nothing in the sale ${lost.saleId}`;
    expect(await waiting()).toMatchObject([{ reservationId, reason: "unknown_product", detail }]);
    expect(await ledger.orders.readRejection(lost.reservationId)).toBe("unknown_product");
  });

  test("sets aside what cannot be read, tells the buyer where it names one, and gives the unit back", async () => {
    const { product } = await createSale(ledger);
    const { acceptedAtMs: _, ...incomplete } = accept(product);
    const bodies = ["{ not json", "null", JSON.stringify({ reservationId: { $ne: 1 } }), JSON.stringify(incomplete)];
    const embedded = await queueKinds[0]!.start();
    const place = embedded.place();
    await place.writeRaw(bodies.map((body) => Buffer.from(body)));
    await queue.close();
    queue = new RecordingQueue(place.open());
    await queue.publish([accept(product)]);
    const { counts } = await start();
    await settled(5);
    expect((await waiting()).map(({ body }) => Buffer.from(body).toString()).toSorted()).toEqual(bodies.toSorted());
    expect(counts).toMatchObject({ deadLettered: 4, recorded: 1 });
    expect(await ledger.orders.readRejection(incomplete.reservationId)).toBe("malformed");
    expect(await ledger.returns.pending(10)).toMatchObject([incomplete]);
  });

  test("is given a batch again while the ledger is away, and records it once when it is back", async () => {
    const { product } = await createSale(ledger);
    let failures = 0;
    const { counts } = await start({
      orders: {
        reject: (batch) => ledger.orders.reject(batch),
        async record(batch, options) {
          if (++failures <= 4) throw new LedgerUnavailableError("away");
          return ledger.orders.record(batch, options);
        },
      },
    });
    await queue.publish(acceptMany(product, 3));
    await settled(3);
    expect(counts).toMatchObject({ recorded: 3, duplicate: 0, ledgerFailures: 4 });
  });

  test("a batch that was committed although the answer was lost is a duplicate the second time", async () => {
    const { product } = await createSale(ledger);
    let lost = false;
    const { counts } = await start({
      orders: {
        reject: (batch) => ledger.orders.reject(batch),
        async record(batch, options) {
          const outcomes = await ledger.orders.record(batch, options);
          if (lost) return outcomes;
          lost = true;
          throw new LedgerUnavailableError("the answer got lost");
        },
      },
    });
    await queue.publish(acceptMany(product, 3));
    await settled(3);
    expect(counts).toMatchObject({ recorded: 0, duplicate: 3 });
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 3 });
  });

  test("stops while the ledger is away, and leaves the batch in the queue", async () => {
    const { product } = await createSale(ledger);
    const started = await start({
      orders: {
        reject: (batch) => ledger.orders.reject(batch),
        record: () => Promise.reject(new LedgerUnavailableError("away")),
      },
    });
    await queue.publish(acceptMany(product, 3));
    await waitUntil(() => started.counts.ledgerFailures > 0, { what: "a failure", timeoutMs: 5_000, intervalMs: 1 });
    await started.stop();
    expect(await queue.depth()).toEqual({ ready: 3, unacknowledged: 0 });
  });

  test("finds the one message that the database refuses, and records all the others", async () => {
    const { product } = await createSale(ledger, { total: 100 });
    const reservations = acceptMany(product, 20);
    const bad = reservations[13]!.reservationId;
    await queue.publish(reservations);
    await start({
      orders: {
        reject: (batch) => ledger.orders.reject(batch),
        async record(batch, options): Promise<RecordOutcome[]> {
          if (batch.some(({ reservationId }) => reservationId === bad)) throw new RefusedValueError("no room");
          return ledger.orders.record(batch, options);
        },
      },
    });
    await settled(20);
    expect(await waiting()).toMatchObject([{ reservationId: bad, reason: "refused_value", detail: "no room" }]);
    expect(await ledger.sales.readTotals(product.id)).toMatchObject({ reserved: 19 });
    expect(await ledger.orders.readRejection(bad)).toBe("malformed");
  });

  test("takes no further messages while too many dead letters wait, and loses none", async () => {
    const { product } = await createSale(ledger);
    let isFull = true;
    const place = (await queueKinds[0]!.start()).place();
    await place.writeRaw([Buffer.from("{ not json")]);
    await queue.close();
    queue = new RecordingQueue(place.open());
    const health = new HealthBoard({ logger: silentLogger, now: () => 0 });
    const { keep } = ledger.deadLetters;
    const { counts } = await start({
      health: health.part("consumer"),
      deadLetters: { keep: async (letter) => (isFull ? "full" : keep.call(ledger.deadLetters, letter)) },
    });
    await waitUntil(() => health.parts[0]!.status === "down", { what: "the consumer to be down", timeoutMs: 5_000 });
    expect(health.parts[0]!.reason).toContain("100000 dead letters wait");
    await queue.publish([accept(product)]);
    await waitUntil(() => counts.ledgerFailures > 2, { what: "further tries", timeoutMs: 5_000 });
    expect([queue.acknowledged, (await queue.depth()).ready + (await queue.depth()).unacknowledged]).toEqual([[], 2]);
    isFull = false;
    await settled(2);
    expect(counts).toMatchObject({ recorded: 1, deadLettered: 1 });
    expect(health.parts[0]!.status).toBe("ok");
    expect(await waiting()).toMatchObject([{ reason: "unreadable" }]);
  });

  test("keeps a message of a newer version without judging it: a newer program may record it", async () => {
    const { product } = await createSale(ledger);
    const { reservationId, ...rest } = accept(product);
    const body = Buffer.from(JSON.stringify({ ...rest, reservationId, version: 2 }));
    const place = (await queueKinds[0]!.start()).place();
    await place.writeRaw([body, body]);
    await queue.close();
    queue = new RecordingQueue(place.open());
    await start();
    await settled(2);
    expect(await waiting()).toMatchObject([{ reservationId, reason: "newer_version", state: "waiting" }]);
    expect(await ledger.orders.readRejection(reservationId)).toBeUndefined();
  });

  test("refuses batches that the ledger would not take", async () => {
    await expect(start({ maxBatch: 1_001 })).rejects.toThrow("maxBatch is 1001, not a whole number from 1 to 1000");
  });
});
