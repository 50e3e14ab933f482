import { expect, test } from "bun:test";
import { freshRabbitmqVhost, requireService } from "../../../tools/test-services/index.ts";
import type { GateRecord } from "../../src/ledger/gates.ts";
import { rabbitmqQueue } from "../../src/queue/rabbitmq-queue.ts";
import { OnTheWay } from "../../src/recovery/on-the-way.ts";
import { systemClock } from "../../src/time/clock.ts";
import { reservations, untilDepth } from "../contract/queue/queue-fixtures.ts";

const rabbitmq = requireService("rabbitmq");
const record = {
  product: { id: "product", epoch: 1 },
  sequence: 7,
  taken: 7,
  pendingReturns: 0,
} as unknown as GateRecord;

test.skipIf(rabbitmq.missing)(
  `reservations are on their way while the queue's leader is out of reach, and the broker says that it is empty${rabbitmq.reason}`,
  async () => {
    const broker = await freshRabbitmqVhost({ dedicated: true });
    const queue = rabbitmqQueue({ url: broker.url, queueName: "reservations", timeoutMs: 10_000 });
    await queue.publish(reservations(100));
    await untilDepth(queue, { ready: 100, unacknowledged: 0 });
    const leader = "{'%2F_reservations.v2', node()}";
    await broker.server.control("eval", `ra:stop_server(quorum_queues, ${leader}).`);
    expect(await queue.depth()).toMatchObject({ ready: 0, consumers: 0 });
    const consumers = async () => [
      { instance: "one", ageMs: 0, held: 0, received: 100, oldestMs: undefined, connection: 1 },
    ];
    const onTheWay = new OnTheWay({ queue, consumers, clock: systemClock, times: { quietMs: 0 } });
    for (let looks = 0; looks < 10; looks++) {
      expect(await onTheWay.find(record, 0)).toBe("the queue has no consumers, or cannot be asked for them");
      await Bun.sleep(50);
    }
    await broker.server.control("eval", `ra:restart_server(quorum_queues, ${leader}).`);
    await untilDepth(queue, { ready: 100, unacknowledged: 0 });
    await queue.close();
    await broker.drop();
  },
  120_000,
);
