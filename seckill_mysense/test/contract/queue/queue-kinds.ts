import { Database } from "bun:sqlite";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Connection } from "rabbitmq-client";
import { embeddedQueue } from "../../../src/queue/embedded-queue.ts";
import type { ReservationQueue } from "../../../src/queue/queue.ts";
import { rabbitmqQueue } from "../../../src/queue/rabbitmq-queue.ts";
import { freshRabbitmqVhost, requireService, temporaryFolder } from "../../../../tools/test-services/index.ts";

export interface QueueLimits {
  readonly maxMessages?: number;
}

/** One queue, empty at first. Its messages survive closing and opening it again. */
export interface QueuePlace {
  open(limits?: QueueLimits): ReservationQueue;
  /** Writes bodies that no publisher of ours would write. The queue must not be open. */
  writeRaw(bodies: readonly Uint8Array[], limits?: QueueLimits): Promise<void>;
}

export interface QueueKind {
  readonly name: string;
  /** Why it cannot run here; empty if it can. Part of the name of the group of tests. */
  readonly skipReason: string;
  /** `place` makes a new queue for each test. */
  start(): Promise<{ place(): QueuePlace; stop(): Promise<void> }>;
}

const embedded: QueueKind = {
  name: "the embedded queue",
  skipReason: "",
  async start() {
    const folder = temporaryFolder("test-queue");
    return {
      place() {
        const file = join(folder, `${randomUUID()}.sqlite`);
        const open = (limits?: QueueLimits): ReservationQueue => embeddedQueue({ file, ...limits });
        return {
          open,
          async writeRaw(bodies, limits) {
            await open(limits).close();
            const database = new Database(file);
            for (const body of bodies) database.run("INSERT INTO message (body) VALUES (?)", [body]);
            database.close();
          },
        };
      },
      stop: async () => {},
    };
  },
};

const rabbitmq: QueueKind = {
  name: "RabbitMQ",
  skipReason: requireService("rabbitmq").reason,
  async start() {
    const vhost = await freshRabbitmqVhost();
    return {
      place() {
        const queueName = `test-${randomUUID()}`;
        const open = (limits?: QueueLimits): ReservationQueue =>
          rabbitmqQueue({ url: vhost.url, queueName, ...limits });
        return {
          open,
          async writeRaw(bodies, limits) {
            const queue = open(limits);
            await queue.depth();
            await queue.close();
            const connection = new Connection(vhost.url);
            const publisher = connection.createPublisher({ confirm: true });
            for (const body of bodies)
              await publisher.send({ routingKey: `${queueName}.v2`, durable: true }, Buffer.from(body));
            await publisher.close();
            await connection.close();
          },
        };
      },
      stop: () => vhost.drop(),
    };
  },
};

/** All queues that the contract suite runs on. */
export const queueKinds: readonly QueueKind[] = [embedded, rabbitmq];
