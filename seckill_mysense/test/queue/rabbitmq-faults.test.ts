import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { QueueUnavailable } from "../../src/queue/queue-errors.ts";
import type { ReservationQueue } from "../../src/queue/queue.ts";
import { encodeReservation } from "../../src/queue/reservation-codec.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startRelay } from "../../src/relay/relay.ts";
import { rabbitmqQueue, type RabbitmqQueueOptions } from "../../src/queue/rabbitmq-queue.ts";
import { brokerQueueName } from "../../src/queue/rabbitmq-topology.ts";
import { writeTogether } from "../../src/queue/rabbitmq-session.ts";
import {
  freshRabbitmqVhost,
  requireService,
  startRedisServer,
  waitUntil,
  type DedicatedRabbitmqVhost,
} from "../../../tools/test-services/index.ts";
import { saleFixture } from "../contract/gate/gate-fixtures.ts";
import { withConnection } from "../contract/queue/broker-connection.ts";
import { collect, idsOf, insist, reservation, reservations, untilDepth } from "../contract/queue/queue-fixtures.ts";

const rabbitmq = requireService("rabbitmq");
const redis = requireService("redis");
const testTimeoutMs = 120_000;

describe.skipIf(rabbitmq.missing)(`The queue on RabbitMQ${rabbitmq.reason}`, () => {
  let broker: DedicatedRabbitmqVhost;
  const opened: ReservationQueue[] = [];

  beforeAll(async () => {
    broker = await freshRabbitmqVhost({ dedicated: true });
  }, 90_000);

  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close();
  }, 60_000);

  afterAll(() => broker.drop());

  function open(options: Partial<RabbitmqQueueOptions> & { queueName: string }): ReservationQueue {
    const queue = rabbitmqQueue({ url: broker.url, timeoutMs: 5_000, ...options });
    opened.push(queue);
    return queue;
  }

  test(
    "loses nothing and needs nobody when the broker is killed and started again in the middle",
    async () => {
      const queue = open({ queueName: randomUUID() });
      await queue.depth();
      // RabbitMQ writes a new quorum queue's registration to disk some seconds later, or at an orderly end.
      await broker.server.restart();
      const consumer = await collect(queue, { maxBatch: 50 });
      let next = 0;
      let crashed: Promise<void> | undefined;
      const publisher = async (): Promise<void> => {
        while (next < 4_000) {
          const first = next;
          next += 20;
          if (first >= 1_000) crashed ??= broker.server.kill("SIGKILL").then(() => broker.server.restart());
          await insist(queue, reservations(20, first));
        }
      };
      await Promise.all([publisher(), publisher(), publisher()]);
      await crashed;
      await waitUntil(() => new Set(idsOf(consumer.deliveries)).size === 4_000, {
        what: "4000 messages",
        timeoutMs: 60_000,
      });
      await consumer.stop();
      await untilDepth(queue, { ready: 0, unacknowledged: 0 });
    },
    testTimeoutMs,
  );

  test(
    "gives up on a frozen broker in bounded time, and works again when it thaws",
    async () => {
      const queue = open({ queueName: randomUUID(), timeoutMs: 700 });
      await queue.publish([reservation(1)]);
      await broker.server.kill("SIGSTOP");
      try {
        await expect(queue.publish([reservation(2)])).rejects.toThrow("the broker did not confirm within 700 ms");
        await expect(queue.publish([reservation(2)])).rejects.toThrow(QueueUnavailable);
      } finally {
        await broker.server.kill("SIGCONT");
      }
      await insist(queue, [reservation(2)]);
      const consumer = await collect(queue);
      await waitUntil(() => new Set(idsOf(consumer.deliveries)).size === 2, {
        what: "both messages",
        timeoutMs: 20_000,
      });
      await consumer.stop();
    },
    testTimeoutMs,
  );

  test.skipIf(redis.missing)(
    `gets every reservation from a relay whose broker freezes in mid-sale${redis.reason}`,
    async () => {
      const server = await startRedisServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
      const gate = createGate({ connection: { url: server.url }, timeoutMs: 5_000 });
      const fixture = saleFixture({ total: 2_000 });
      await gate.arm(fixture.sale, fixture.product, 2_000);
      const queue = open({ queueName: randomUUID(), timeoutMs: 500 });
      await queue.depth();
      const consumer = await collect(queue);
      const relay = startRelay({ gate, queue, products: () => [fixture.product], relayName: "relay", batch: 50 });
      try {
        for (let n = 0; n < 2_000; n++) {
          await gate.reserve(fixture.request(`user-${n}`, `r${n}`));
          if (n === 500) await broker.server.kill("SIGSTOP");
          // Long enough for several publishes to fail and be repeated: each takes half a second.
          if (n === 1_500) await Bun.sleep(1_200);
          if (n === 1_500) await broker.server.kill("SIGCONT");
        }
        const distinct = () => new Set(idsOf(consumer.deliveries)).size;
        await waitUntil(() => distinct() === 2_000, { what: "2000 messages", timeoutMs: 60_000 });
        await waitUntil(async () => (await gate.status(fixture.sale.id, fixture.product.id))?.outboxLength === 0, {
          what: "an empty outbox",
          timeoutMs: 20_000,
        });
      } finally {
        await broker.server.kill("SIGCONT");
        await relay.stop();
        await consumer.stop();
        await gate.close();
        await server.stop();
      }
    },
    testTimeoutMs,
  );

  test(
    "stops and closes in bounded time while the broker is frozen",
    async () => {
      const queue = rabbitmqQueue({ url: broker.url, queueName: randomUUID(), timeoutMs: 700 });
      await queue.publish([reservation(1)]);
      const consumer = await collect(queue);
      await consumer.untilCount(1);
      await broker.server.kill("SIGSTOP");
      try {
        await queue.close();
      } finally {
        await broker.server.kill("SIGCONT");
      }
    },
    testTimeoutMs,
  );

  test(
    "stops and closes at once while the broker, which it has worked with, is away",
    async () => {
      const queue = rabbitmqQueue({ url: broker.url, queueName: randomUUID(), timeoutMs: 10_000 });
      await queue.publish([reservation(1)]);
      const consumer = await collect(queue);
      await consumer.untilCount(1);
      await broker.server.kill("SIGKILL");
      try {
        // Long enough for the connections to notice, and for some refused attempts.
        await Bun.sleep(500);
        const startedMs = performance.now();
        await queue.close();
        expect(performance.now() - startedMs).toBeLessThan(1_000);
      } finally {
        await broker.server.restart();
      }
    },
    testTimeoutMs,
  );

  test(
    "a consumer says on which of its connections it is subscribed, and when it has none",
    async () => {
      const queue = open({ queueName: randomUUID() });
      const consumer = await queue.consume(async () => {}, { maxBatch: 10, maxWaitMs: 5 });
      const untilConnection = (connection: number): Promise<void> =>
        waitUntil(() => consumer.progress!.connection === connection, {
          what: `connection ${connection}`,
          timeoutMs: 20_000,
        });
      await untilConnection(1);
      await broker.server.control("stop_app");
      try {
        await untilConnection(0);
      } finally {
        await broker.server.control("start_app");
      }
      await untilConnection(2);
      await consumer.stop();
      expect(consumer.progress!.connection).toBe(0);
    },
    testTimeoutMs,
  );

  test(
    "a consumer that has lost its connection subscribes again when it holds no message any more",
    async () => {
      const queue = open({ queueName: randomUUID() });
      await queue.publish(reservations(3));
      const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
      const consumer = await queue.consume(() => decided, { maxBatch: 2, maxWaitMs: 5 });
      await waitUntil(() => consumer.inHand === 3, { what: "three messages in hand", timeoutMs: 20_000 });
      await broker.server.control("close_all_connections", "for a test");
      await waitUntil(
        () =>
          queue.depth().then(
            ({ ready }) => ready === 3,
            () => false,
          ),
        {
          what: "the messages in the queue again",
          timeoutMs: 20_000,
        },
      );
      // Long enough for a new subscription.
      await Bun.sleep(500);
      expect((await queue.depth()).ready).toBe(3);
      expect(consumer.progress).toMatchObject({ received: 3, connection: 0 });
      decide();
      await waitUntil(() => consumer.progress!.received === 6 && consumer.inHand === 0, {
        what: "the messages to come again, and to be acknowledged",
        timeoutMs: 20_000,
      });
      expect(consumer.progress).toMatchObject({ repeated: 3, connection: 2 });
      await consumer.stop();
      expect((await queue.depth()).ready).toBe(0);
    },
    testTimeoutMs,
  );

  test(
    "a message is held back until those that are sent with it are written",
    async () => {
      await withConnection(broker.url, async (connection) => {
        await connection.onConnect();
        // The client library counts a connection whose socket is corked as not ready.
        let isReady: boolean | undefined;
        writeTogether(connection, () => (isReady = connection.ready));
        expect(isReady).toBe(false);
        expect(connection.ready).toBe(true);
      });
    },
    testTimeoutMs,
  );

  test(
    "gives up on a broker that takes nothing for want of memory, and works again when it does",
    async () => {
      const queue = open({ queueName: randomUUID(), timeoutMs: 700 });
      await queue.publish([reservation(1)]);
      await broker.server.control("set_vm_memory_high_watermark", "0.000001");
      try {
        await waitUntil(
          () =>
            queue.publish([reservation(2)]).then(
              () => false,
              () => true,
            ),
          {
            what: "a refused publish",
            timeoutMs: 20_000,
          },
        );
      } finally {
        await broker.server.control("set_vm_memory_high_watermark", "0.4");
      }
      await insist(queue, [reservation(3)]);
    },
    testTimeoutMs,
  );

  test(
    "a consumer counts until it has given back what it holds, and the next one says that it came again",
    async () => {
      const queue = open({ queueName: randomUUID() });
      await queue.publish(reservations(3));
      const refuse = () => Promise.reject(new Error("the ledger is away"));
      const stopped = await queue.consume(refuse, { maxBatch: 2, maxWaitMs: 5 });
      await waitUntil(() => stopped.inHand === 3, { what: "three messages in hand", timeoutMs: 20_000 });
      expect(stopped.progress).toMatchObject({ received: 3, repeated: 0, connection: 1 });
      const stopping = stopped.stop();
      expect(stopped.progress!.connection).toBe(0);
      let depth = await queue.depth();
      while (depth.consumers !== 0) depth = await queue.depth();
      expect(depth.ready).toBe(3);
      await stopping;
      expect([stopped.inHand, stopped.progress!.oldestMs]).toEqual([0, 0]);
      const next = await queue.consume(refuse, { maxBatch: 2, maxWaitMs: 5 });
      await waitUntil(() => next.inHand === 3, { what: "the same messages", timeoutMs: 20_000 });
      expect(next.progress).toMatchObject({ received: 3, repeated: 3 });
      await next.stop();
    },
    testTimeoutMs,
  );

  test(
    "the broker counts a consumer that has ended its subscription for as long as it holds messages",
    async () => {
      const queueName = randomUUID();
      const queue = open({ queueName });
      await queue.publish(reservations(3));
      await withConnection(broker.url, async (connection) => {
        const channel = await connection.acquire();
        const held: number[] = [];
        const taking = { queue: brokerQueueName(queueName) };
        const { consumerTag } = await channel.basicConsume(taking, ({ deliveryTag }) => void held.push(deliveryTag));
        await waitUntil(() => held.length === 3, { what: "three messages", timeoutMs: 20_000 });
        await channel.basicCancel({ consumerTag });
        expect(await queue.depth()).toMatchObject({ ready: 0, consumers: 1 });
        for (const deliveryTag of held) channel.basicNack({ deliveryTag, requeue: true });
        await waitUntil(async () => (await queue.depth()).consumers === 0, { what: "no consumer", timeoutMs: 20_000 });
        expect((await queue.depth()).ready).toBe(3);
        await channel.close();
      });
    },
    testTimeoutMs,
  );

  /** The queues as versions before declared them, with the reservations in them. */
  async function earlierVersion(queueName: string, main: AcceptedReservation[], dead: AcceptedReservation[]) {
    await withConnection(broker.url, async (connection) => {
      const channel = await connection.acquire();
      const common = { "x-queue-type": "quorum", "x-max-length": 1_000_000, "x-overflow": "reject-publish" } as const;
      const deadName = `${queueName}.dead`;
      await channel.exchangeDeclare({ exchange: deadName, type: "fanout", durable: true });
      await channel.queueDeclare({ queue: deadName, durable: true, arguments: common });
      await channel.queueBind({ queue: deadName, exchange: deadName, routingKey: "" });
      const limits = { "x-delivery-limit": 20, "x-dead-letter-exchange": deadName };
      const strategy = { "x-dead-letter-strategy": "at-least-once" };
      await channel.queueDeclare({ queue: queueName, durable: true, arguments: { ...common, ...limits, ...strategy } });
      await channel.confirmSelect();
      for (const one of main)
        await channel.basicPublish({ routingKey: queueName, durable: true }, encodeReservation(one));
      for (const one of dead)
        await channel.basicPublish({ routingKey: deadName, durable: true }, encodeReservation(one));
      await channel.close();
    });
  }

  test(
    "says that it has no consumers while one of an earlier version has the earlier queue only",
    async () => {
      const queueName = randomUUID();
      await earlierVersion(queueName, reservations(1), []);
      const queue = open({ queueName });
      await withConnection(broker.url, async (connection) => {
        const channel = await connection.acquire();
        await channel.basicConsume({ queue: queueName }, () => undefined);
        await waitUntil(async () => (await queue.depth()).ready === 0, { what: "it to have all", timeoutMs: 20_000 });
        expect((await queue.depth()).consumers).toBe(0);
        await channel.close();
      });
    },
    testTimeoutMs,
  );

  test(
    "empties the queues of an earlier version, with the reservations that it had lost to its delivery limit",
    async () => {
      const queueName = randomUUID();
      await earlierVersion(queueName, reservations(3), reservations(2, 4));
      const queue = open({ queueName });
      await queue.publish([reservation(6)]);
      expect((await queue.depth()).ready).toBe(6);
      const consumer = await collect(queue);
      await consumer.untilCount(6);
      expect(idsOf(consumer.deliveries).toSorted()).toEqual(reservations(6).map((each) => each.reservationId));
      await untilDepth(queue, { ready: 0, unacknowledged: 0 });
      // An operator deletes what is empty, and the consumer goes on with the new queue.
      await withConnection(broker.url, (connection) => connection.queueDelete({ queue: queueName }));
      await queue.publish([reservation(7)]);
      await consumer.untilCount(7);
      await consumer.stop();
    },
    testTimeoutMs,
  );

  test(
    "waits for a broker that is not there yet",
    async () => {
      await broker.server.kill("SIGKILL");
      const queue = open({ queueName: randomUUID(), timeoutMs: 300 });
      const consumer = await collect(queue);
      const early = await collect(open({ queueName: randomUUID(), timeoutMs: 300 }));
      await early.stop();
      await expect(queue.publish([reservation(1)])).rejects.toThrow("ECONNREFUSED");
      await broker.server.restart();
      await insist(queue, [reservation(1)]);
      await consumer.untilCount(1);
    },
    testTimeoutMs,
  );

  test(
    "says in words what is wrong with a password, a virtual host, and a queue that was declared otherwise",
    async () => {
      const url = new URL(broker.url);
      url.password = "wrong";
      const stranger = open({ url: url.href, queueName: "any", timeoutMs: 1_500 });
      await expect(stranger.publish([reservation(1)])).rejects.toThrow(
        'the broker refused the user "guest" or its password (ACCESS_REFUSED',
      );

      const elsewhere = open({ url: `${broker.url}/nowhere`, queueName: "any", timeoutMs: 1_500 });
      await expect(elsewhere.publish([reservation(1)])).rejects.toThrow(
        'the broker has no virtual host "nowhere", or the user "guest" may not enter it',
      );

      await broker.server.control("add_user", "poor", "poor");
      await broker.server.control("set_permissions", "poor", "^$", "^$", "^$");
      const poor = open({ url: broker.url.replace("guest:guest", "poor:poor"), queueName: "any", timeoutMs: 1_500 });
      await expect(poor.publish([reservation(1)])).rejects.toThrow('the user "poor" lacks a permission at the broker');

      const queueName = randomUUID();
      await open({ queueName, maxMessages: 3 }).publish([reservation(1)]);
      const other = open({ queueName, maxMessages: 4 });
      await expect(other.publish([reservation(1)])).rejects.toThrow(
        /the queue exists with other arguments.*x-max-length/,
      );
    },
    testTimeoutMs,
  );

  test(
    "bounds what is sent and not confirmed",
    async () => {
      const queue = open({ queueName: randomUUID(), maxUnconfirmed: 10 });
      const outcomes = await Promise.allSettled([queue.publish(reservations(8)), queue.publish(reservations(3, 9))]);
      expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected"]);
      await queue.publish(reservations(10));
      await expect(queue.publish(reservations(11))).rejects.toThrow("would exceed the limit of 10");
    },
    testTimeoutMs,
  );
});
