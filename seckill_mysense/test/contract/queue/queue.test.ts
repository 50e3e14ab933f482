import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Delivery, ReservationQueue } from "../../../src/queue/queue.ts";
import { QueueFull, QueueUnavailable } from "../../../src/queue/queue-errors.ts";
import { encodeReservation } from "../../../src/queue/reservation-codec.ts";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { collect, idsOf, reservation, reservations, untilDepth } from "./queue-fixtures.ts";
import { queueKinds, type QueueLimits, type QueuePlace } from "./queue-kinds.ts";

const testTimeoutMs = 30_000;

for (const kind of queueKinds) {
  describe.skipIf(kind.skipReason !== "")(`${kind.name}${kind.skipReason}`, () => {
    let provider: { place(): QueuePlace; stop(): Promise<void> };
    let place: QueuePlace;
    let opened: ReservationQueue[];

    beforeAll(async () => {
      provider = await kind.start();
    }, 90_000);
    afterAll(() => provider.stop());
    beforeEach(() => {
      place = provider.place();
      opened = [];
    });
    afterEach(async () => {
      for (const queue of opened) await queue.close();
    });

    function open(limits?: QueueLimits): ReservationQueue {
      const queue = place.open(limits);
      opened.push(queue);
      return queue;
    }

    /** A queue that exists already, because a broker may refuse messages while several connections declare it. */
    async function openDeclared(): Promise<ReservationQueue> {
      const queue = open();
      await queue.depth();
      return queue;
    }

    test(
      "delivers what was published, whole and in order, and forgets it once acknowledged",
      async () => {
        const queue = open();
        await queue.publish(reservations(3));
        expect(await queue.depth()).toMatchObject({ ready: 3, unacknowledged: 0 });
        const consumer = await collect(queue);
        await consumer.untilCount(3);
        expect(consumer.deliveries.map((delivery) => delivery.reservation!)).toEqual(reservations(3));
        await consumer.stop();
        expect(await queue.depth()).toMatchObject({ ready: 0, unacknowledged: 0 });
        await queue.close();
        expect(await open().depth()).toMatchObject({ ready: 0, unacknowledged: 0 });
      },
      testTimeoutMs,
    );

    test(
      "keeps what was published while it is closed",
      async () => {
        const queue = open();
        await queue.publish(reservations(3));
        await queue.close();
        const consumer = await collect(open());
        await consumer.untilCount(3);
        expect(idsOf(consumer.deliveries)).toEqual(["reservation-1", "reservation-2", "reservation-3"]);
      },
      testTimeoutMs,
    );

    test(
      "delivers to a consumer that was there first",
      async () => {
        const queue = await openDeclared();
        const consumer = await collect(queue);
        await queue.publish(reservations(2));
        await consumer.untilCount(2);
        await queue.publish([reservation(3)]);
        await consumer.untilCount(3);
        expect(idsOf(consumer.deliveries)).toEqual(["reservation-1", "reservation-2", "reservation-3"]);
      },
      testTimeoutMs,
    );

    test(
      "gathers batches, never larger than asked for",
      async () => {
        const queue = open();
        await queue.publish(reservations(25));
        const consumer = await collect(queue, { maxBatch: 10, maxWaitMs: 50 });
        await consumer.untilCount(25);
        const sizes = consumer.batches.map((batch) => batch.length);
        expect(Math.max(...sizes)).toBe(10);
        expect(sizes.reduce((sum, size) => sum + size)).toBe(25);
      },
      testTimeoutMs,
    );

    test(
      "takes many publishes at once and loses and doubles none",
      async () => {
        const queue = open();
        await Promise.all(Array.from({ length: 100 }, (_, i) => queue.publish(reservations(30, i * 30))));
        expect((await queue.depth()).ready).toBe(3_000);
        const consumer = await collect(queue, { maxBatch: 500 });
        await consumer.untilCount(3_000);
        await consumer.stop();
        expect(new Set(idsOf(consumer.deliveries)).size).toBe(3_000);
        expect(consumer.deliveries).toHaveLength(3_000);
      },
      testTimeoutMs,
    );

    test(
      "shares the messages between two consumers",
      async () => {
        const queue = await openDeclared();
        const [one, two] = [await collect(queue, { maxBatch: 5 }), await collect(queue, { maxBatch: 5 })];
        await queue.publish(reservations(200));
        const both = () => [...one.deliveries, ...two.deliveries];
        await waitUntil(() => both().length >= 200, { what: "200 deliveries", timeoutMs: 20_000 });
        expect(new Set(idsOf(both())).size).toBe(200);
        expect(both()).toHaveLength(200);
      },
      testTimeoutMs,
    );

    test(
      "gives a failed batch to the handler again, as often as it takes",
      async () => {
        const queue = open();
        await queue.publish(reservations(3));
        const seen: (readonly Delivery[])[] = [];
        const consumption = await queue.consume(
          async (batch) => {
            seen.push(batch);
            if (seen.length <= 4) throw new Error("the ledger is away");
          },
          { maxBatch: 3, maxWaitMs: 1_000 },
        );
        await waitUntil(() => seen.length >= 5, { what: "five tries", timeoutMs: 20_000 });
        await consumption.stop();
        for (const batch of seen) expect(idsOf(batch)).toEqual(["reservation-1", "reservation-2", "reservation-3"]);
        expect(await queue.depth()).toMatchObject({ ready: 0, unacknowledged: 0 });
      },
      testTimeoutMs,
    );

    test(
      "counts what a consumer has in its hands, until it is acknowledged",
      async () => {
        const queue = await openDeclared();
        const inHand = Promise.withResolvers<void>();
        const mayFinish = Promise.withResolvers<void>();
        const hold = async (): Promise<void> => {
          inHand.resolve();
          await mayFinish.promise;
        };
        const consumption = await queue.consume(hold, { maxBatch: 10, maxWaitMs: 1_000 });
        await queue.publish(reservations(4));
        await inHand.promise;
        await untilDepth(queue, { ready: 0, unacknowledged: 4 });
        mayFinish.resolve();
        await untilDepth(queue, { ready: 0, unacknowledged: 0 });
        await consumption.stop();
      },
      testTimeoutMs,
    );

    test(
      "lets the batch in hand finish when stopped, and delivers the rest to the next consumer",
      async () => {
        const queue = open();
        await queue.publish(reservations(5));
        const inHand = Promise.withResolvers<void>();
        const mayFinish = Promise.withResolvers<void>();
        const first: (string | undefined)[] = [];
        const consumption = await queue.consume(
          async (batch) => {
            first.push(...idsOf(batch));
            inHand.resolve();
            await mayFinish.promise;
          },
          { maxBatch: 2, maxWaitMs: 0 },
        );
        await inHand.promise;
        const stopped = consumption.stop();
        mayFinish.resolve();
        await stopped;
        const next = await collect(queue);
        await next.untilCount(5 - first.length);
        await next.stop();
        expect([...first, ...idsOf(next.deliveries)].toSorted()).toEqual(reservations(5).map((r) => r.reservationId));
      },
      testTimeoutMs,
    );

    test(
      "loses nothing to consumers that are stopped again and again while the ledger is away",
      async () => {
        const queue = await openDeclared();
        await queue.publish(reservations(3));
        for (let stops = 0; stops < 25; stops++) {
          let tries = 0;
          const consumption = await queue.consume(
            async () => {
              tries += 1;
              throw new Error("the ledger is away");
            },
            { maxBatch: 3, maxWaitMs: 0 },
          );
          await waitUntil(() => tries > 0, { what: "a try", timeoutMs: 10_000, intervalMs: 1 });
          await consumption.stop();
        }
        const consumer = await collect(queue);
        await consumer.untilCount(3);
        expect(idsOf(consumer.deliveries).toSorted()).toEqual(["reservation-1", "reservation-2", "reservation-3"]);
      },
      testTimeoutMs,
    );

    test(
      "delivers again what a consumer had in hand and never decided",
      async () => {
        const queue = open();
        await queue.publish(reservations(3));
        let tries = 0;
        await queue.consume(
          async () => {
            tries += 1;
            throw new Error("the ledger is away");
          },
          { maxBatch: 3, maxWaitMs: 1_000 },
        );
        await waitUntil(() => tries > 0, { what: "a first try", timeoutMs: 20_000 });
        await queue.close();
        const consumer = await collect(open());
        await consumer.untilCount(3);
        expect(idsOf(consumer.deliveries).toSorted()).toEqual(["reservation-1", "reservation-2", "reservation-3"]);
      },
      testTimeoutMs,
    );

    test(
      "hands over bodies that it cannot understand, for the consumer to decide",
      async () => {
        const good = JSON.parse(Buffer.from(encodeReservation(reservation(1))).toString()) as Record<string, unknown>;
        const bodies = [
          "not JSON",
          "",
          "null",
          "[]",
          JSON.stringify({ ...good, version: 2 }),
          JSON.stringify({ ...good, epoch: 0 }),
          JSON.stringify({ ...good, userId: "" }),
          JSON.stringify({ ...good, reservationId: undefined }),
          JSON.stringify({ ...good, padding: "x".repeat(20_000) }),
          JSON.stringify({ ...good, addedLater: true }),
        ].map((text) => Buffer.from(text));
        // Almost a reservation, but with a byte that is not UTF-8.
        bodies.unshift(Buffer.from(JSON.stringify({ ...good, userId: "\u00ff" }), "latin1"));
        await place.writeRaw(bodies);
        const queue = open();
        const consumer = await collect(queue);
        await consumer.untilCount(bodies.length);
        await untilDepth(queue, { ready: 0, unacknowledged: 0 });
        await consumer.stop();
        expect(consumer.deliveries.map(({ body }) => Buffer.from(body).toString("hex"))).toEqual(
          bodies.map((body) => body.toString("hex")),
        );
        expect(idsOf(consumer.deliveries).filter((id) => id !== undefined)).toEqual(["reservation-1"]);
      },
      testTimeoutMs,
    );

    test(
      "says when it is full, keeps what it has, and takes more when there is room again",
      async () => {
        const limits = { maxMessages: 20 };
        const queue = open(limits);
        let confirmed = 0;
        const fill = async (): Promise<void> => {
          while (confirmed < 500) {
            await queue.publish([reservation(confirmed)]);
            confirmed += 1;
          }
        };
        const refusal: unknown = await fill().catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(QueueFull);
        expect(String(refusal)).toContain("20");
        expect(confirmed).toBeGreaterThanOrEqual(20);
        const consumer = await collect(queue);
        await consumer.untilCount(confirmed);
        await waitUntil(
          () =>
            queue.publish([reservation(1_000)]).then(
              () => true,
              () => false,
            ),
          {
            what: "room for one more",
            timeoutMs: 20_000,
          },
        );
        await consumer.untilCount(confirmed + 1);
      },
      testTimeoutMs,
    );

    test(
      "has nothing to do for an empty publish, and takes none after its end",
      async () => {
        const queue = open();
        await queue.publish([]);
        expect(await queue.depth()).toMatchObject({ ready: 0, unacknowledged: 0 });
        await queue.close();
        await queue.close();
        await expect(queue.publish([reservation(1)])).rejects.toThrow(QueueUnavailable);
        await expect(collect(queue)).rejects.toThrow("the queue is closed");
      },
      testTimeoutMs,
    );

    test(
      "refuses batches and waits beyond its limits by name",
      async () => {
        const queue = open();
        await expect(collect(queue, { maxBatch: 0 })).rejects.toThrow("maxBatch must be an integer from 1 to 10000");
        await expect(collect(queue, { maxWaitMs: -1 })).rejects.toThrow("maxWaitMs must be from 0 to 60000");
      },
      testTimeoutMs,
    );
  });
}
