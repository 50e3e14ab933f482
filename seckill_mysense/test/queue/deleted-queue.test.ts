import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { Connection } from "rabbitmq-client";
import { QueueUnroutable } from "../../src/queue/queue-errors.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";
import { rabbitmqQueue } from "../../src/queue/rabbitmq-queue.ts";
import { brokerQueueName, redeclaredAfterMs } from "../../src/queue/rabbitmq-topology.ts";
import {
  freshRabbitmqVhost,
  requireService,
  waitUntil,
  type RabbitmqVhost,
} from "../../../tools/test-services/index.ts";
import { withConnection } from "../contract/queue/broker-connection.ts";
import { collect, insist, reservation } from "../contract/queue/queue-fixtures.ts";

const rabbitmq = requireService("rabbitmq");
const testTimeoutMs = 120_000;

async function isDeclared(connection: Connection, queueName: string): Promise<boolean> {
  const asked = connection.queueDeclare({ queue: brokerQueueName(queueName), passive: true });
  return asked.then(
    () => true,
    (error: { readonly code?: string }) => {
      if (error.code === "NOT_FOUND") return false;
      throw error;
    },
  );
}

describe.skipIf(rabbitmq.missing)(`A queue that is deleted at the broker${rabbitmq.reason}`, () => {
  let broker: RabbitmqVhost;
  const opened: ReservationQueue[] = [];

  beforeAll(async () => {
    broker = await freshRabbitmqVhost();
  }, 90_000);

  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
  }, 60_000);

  afterAll(() => broker.drop());

  function open({ queueName }: { readonly queueName: string }): ReservationQueue {
    const queue = rabbitmqQueue({ url: broker.url, timeoutMs: 5_000, queueName });
    opened.push(queue);
    return queue;
  }

  test(
    "counts an unroutable message as not published, and declares the queue anew",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.publish([reservation(1)]);
      await withConnection(broker.url, (connection) => connection.queueDelete({ queue: brokerQueueName(queueName) }));
      await expect(queue.publish([reservation(2)])).rejects.toThrow(QueueUnroutable);
      await queue.publish([reservation(2)]);
      expect((await queue.depth()).ready).toBe(1);
    },
    testTimeoutMs,
  );

  test(
    "says that its queue was deleted when it counts the messages, and declares the queue anew after that",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.publish([reservation(1)]);
      expect((await queue.depth()).ready).toBe(1);
      await withConnection(broker.url, (connection) => connection.queueDelete({ queue: brokerQueueName(queueName) }));
      await expect(queue.depth()).rejects.toThrow(QueueUnroutable);
      expect((await queue.depth()).ready).toBe(0);
    },
    testTimeoutMs,
  );

  test(
    "lets a consumer whose queue was deleted go on with the new one",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.depth();
      const consumer = await collect(queue);
      await queue.publish([reservation(1)]);
      await consumer.untilCount(1);
      await withConnection(broker.url, (connection) => connection.queueDelete({ queue: brokerQueueName(queueName) }));
      await insist(queue, [reservation(2)]);
      await consumer.untilCount(2);
      await consumer.stop();
    },
    testTimeoutMs,
  );

  test(
    "waits before it declares a deleted queue again, because the broker may confirm messages that no consumer gets",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.publish([reservation(1)]);
      await withConnection(broker.url, async (connection) => {
        await connection.queueDelete({ queue: brokerQueueName(queueName) });
        const startMs = performance.now();
        const exists = (): Promise<boolean> => isDeclared(connection, queueName);
        await expect(queue.publish([reservation(2)])).rejects.toThrow(QueueUnroutable);
        const publishing = queue.publish([reservation(2)]);
        await waitUntil(exists, { what: "the publisher to declare the queue", timeoutMs: 20_000 });
        expect(performance.now() - startMs).toBeGreaterThanOrEqual(redeclaredAfterMs);
        await publishing;
      });
    },
    testTimeoutMs,
  );

  test(
    "waits before it subscribes to a deleted queue again, which declares the queue",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.publish([reservation(1)]);
      const consumer = await collect(queue);
      await consumer.untilCount(1);
      await withConnection(broker.url, async (connection) => {
        const startMs = performance.now();
        await connection.queueDelete({ queue: brokerQueueName(queueName) });
        const exists = (): Promise<boolean> => isDeclared(connection, queueName);
        await waitUntil(exists, { what: "the consumer to declare the queue", timeoutMs: 20_000 });
        expect(performance.now() - startMs).toBeGreaterThanOrEqual(redeclaredAfterMs);
      });
      await queue.publish([reservation(2)]);
      await consumer.untilCount(2);
      await consumer.stop();
    },
    testTimeoutMs,
  );
});
