import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import { checkConsumeOptions } from "./batch.ts";
import { QueueUnavailable } from "./queue-errors.ts";
import type { BatchHandler, ConsumeOptions, Consumption, PublishOptions, ReservationQueue } from "./queue.ts";
import { RabbitmqConsumption } from "./rabbitmq-consumption.ts";
import { RabbitmqPublisher } from "./rabbitmq-publisher.ts";
import type { RabbitmqSessionOptions } from "./rabbitmq-session.ts";

export interface RabbitmqQueueOptions {
  /** amqp:// or amqps://, with user, password and virtual host. */
  readonly url: string;
  /** Dead letters go to a queue of this name plus ".dead". */
  readonly queueName?: string;
  /** Longest wait for the broker in one call, in milliseconds. */
  readonly timeoutMs?: number;
  /** Most messages waiting in the queue; beyond it `publish` rejects with `QueueFull`. Fixed when first declared. */
  readonly maxMessages?: number;
  /** A message that is requeued more often than this becomes a dead letter. Fixed when first declared. */
  readonly deliveryLimit?: number;
  /** Most messages sent and not confirmed yet. */
  readonly maxUnconfirmed?: number;
  readonly logger?: Logger;
}

/** Connects at its first use, and again after every outage. */
export function rabbitmqQueue(options: RabbitmqQueueOptions): ReservationQueue {
  return new RabbitmqQueue(options);
}

class RabbitmqQueue implements ReservationQueue {
  readonly #options: Omit<RabbitmqSessionOptions, "connectionName">;
  readonly #publisher: RabbitmqPublisher;
  readonly #consumptions = new Set<Consumption>();
  #closed = false;

  constructor(options: RabbitmqQueueOptions) {
    const { url, queueName = "seckill.reservations", timeoutMs = 10_000, maxMessages = 1_000_000 } = options;
    const { deliveryLimit = 20, maxUnconfirmed = 20_000, logger = silentLogger } = options;
    this.#options = { url, queueName, timeoutMs, maxMessages, deliveryLimit, logger };
    this.#publisher = new RabbitmqPublisher({ ...this.#options, connectionName: "seckill publisher", maxUnconfirmed });
  }

  publish(reservations: readonly AcceptedReservation[], options?: PublishOptions): Promise<void> {
    return this.#publisher.publish(reservations, options);
  }

  async consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption> {
    checkConsumeOptions(options);
    if (this.#closed) throw new QueueUnavailable("the queue is closed");
    const running = new RabbitmqConsumption({ ...this.#options, connectionName: "seckill consumer" }, handler, options);
    const consumption: Consumption = {
      stop: async () => {
        await running.stop();
        this.#consumptions.delete(consumption);
      },
    };
    this.#consumptions.add(consumption);
    return consumption;
  }

  depth(): Promise<{ ready: number; deadLettered: number }> {
    return this.#publisher.depth();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
    await this.#publisher.close();
  }
}
