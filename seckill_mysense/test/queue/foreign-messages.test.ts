import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { freshRabbitmqVhost, requireService } from "../../../tools/test-services/index.ts";
import { brokerQueueName } from "../../src/queue/rabbitmq-topology.ts";
import { rabbitmqQueue } from "../../src/queue/rabbitmq-queue.ts";
import { withConnection } from "../contract/queue/broker-connection.ts";
import { collect, idsOf, reservation, untilDepth } from "../contract/queue/queue-fixtures.ts";

const rabbitmq = requireService("rabbitmq");

test.skipIf(rabbitmq.missing)(
  `a message of another program that cannot be written as text again reaches the handler, and so do those after it${rabbitmq.reason}`,
  async () => {
    const vhost = await freshRabbitmqVhost();
    const queueName = randomUUID();
    const queue = rabbitmqQueue({ url: vhost.url, queueName, timeoutMs: 5_000 });
    await queue.publish([reservation(1)]);
    const nested = Buffer.from("[".repeat(50_000) + "]".repeat(50_000));
    await withConnection(vhost.url, async (connection) => {
      const publisher = connection.createPublisher({ confirm: true });
      const envelope = { routingKey: brokerQueueName(queueName), durable: true, contentType: "application/json" };
      await publisher.send(envelope, nested);
      await publisher.close();
    });
    await queue.publish([reservation(2)]);
    const consumer = await collect(queue);
    await consumer.untilCount(3);
    expect(idsOf(consumer.deliveries)).toEqual(["reservation-1", undefined, "reservation-2"]);
    expect(Buffer.from(consumer.deliveries[1]!.body).toString()).toStartWith("a body that cannot be kept: RangeError");
    await untilDepth(queue, { ready: 0, unacknowledged: 0 });
    await consumer.stop();
    await queue.close();
    await vhost.drop();
  },
  60_000,
);
