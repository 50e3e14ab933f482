import type { AcceptedReservation } from "../domain/reservation.ts";
import type { HealthPart } from "../health/health-board.ts";
import { PartSources, unwatchedPart } from "../health/part-sources.ts";
import { checkConsumeOptions } from "./batch.ts";
import { QueueUnavailable } from "./queue-errors.ts";
import type {
  BatchHandler,
  ConsumeOptions,
  Consumption,
  PublishOptions,
  QueueDepth,
  ReservationQueue,
} from "./queue.ts";
import { RabbitmqConsumption } from "./rabbitmq-consumption.ts";
import { RabbitmqPublisher } from "./rabbitmq-publisher.ts";
import type { RabbitmqSessionOptions } from "./rabbitmq-session.ts";

export interface RabbitmqQueueOptions {
  /** amqp:// or amqps://, with user, password and virtual host. */
  readonly url: string;
  /** The broker's queue has this name plus ".v2"; see rabbitmq-topology.ts. */
  readonly queueName?: string;
  /** Longest wait for the broker in one call, in milliseconds. */
  readonly timeoutMs?: number;
  /** Most messages waiting in the queue; beyond it `publish` rejects with `QueueFull`. Fixed when first declared. */
  readonly maxMessages?: number;
  /** Most messages sent and not confirmed yet. */
  readonly maxUnconfirmed?: number;
  readonly health?: HealthPart;
}

/** Messages that may wait in the queue. */
export const defaultMaxMessages = 1_000_000;

/** Connects at its first use, and again after every outage. */
export function rabbitmqQueue(options: RabbitmqQueueOptions): ReservationQueue {
  return new RabbitmqQueue(options);
}

class RabbitmqQueue implements ReservationQueue {
  readonly #options: Omit<RabbitmqSessionOptions, "connectionName">;
  readonly #publisher: RabbitmqPublisher;
  readonly #consumptions = new Map<RabbitmqConsumption, Consumption>();
  #started = 0;
  #closed = false;

  constructor(options: RabbitmqQueueOptions) {
    const { url, queueName = "seckill.reservations", timeoutMs = 10_000, maxMessages = defaultMaxMessages } = options;
    const { maxUnconfirmed = 20_000, health = unwatchedPart } = options;
    this.#options = { url, queueName, timeoutMs, maxMessages, health: new PartSources(health) };
    this.#publisher = new RabbitmqPublisher({ ...this.#options, connectionName: "seckill publisher", maxUnconfirmed });
  }

  publish(reservations: readonly AcceptedReservation[], options?: PublishOptions): Promise<void> {
    return this.#publisher.publish(reservations, options);
  }

  async consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption> {
    checkConsumeOptions(options);
    if (this.#closed) throw new QueueUnavailable("the queue is closed");
    const connectionName = `seckill consumer ${(this.#started += 1)}`;
    const running = new RabbitmqConsumption({ ...this.#options, connectionName }, handler, options);
    const consumption: Consumption = {
      get inHand() {
        return running.inHand;
      },
      get progress() {
        return running.progress;
      },
      stop: async () => {
        await running.stop();
        this.#consumptions.delete(running);
      },
    };
    this.#consumptions.set(running, consumption);
    return consumption;
  }

  /** `ready` counts the queues of versions before, too. */
  async depth(): Promise<QueueDepth> {
    const { ready, consumers } = await this.#publisher.measure();
    const inHand = [...this.#consumptions.keys()].map((consumption) => consumption.inHand);
    return { ready, unacknowledged: inHand.reduce((sum, count) => sum + count, 0), consumers };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#consumptions.values()].map((consumption) => consumption.stop()));
    await this.#publisher.close();
  }
}
