import type { Channel } from "rabbitmq-client";

export interface TopologyOptions {
  /** The name in the settings. The broker's queue has this name plus ".v2". */
  readonly queueName: string;
  /** Beyond this many waiting messages the broker refuses further ones. */
  readonly maxMessages: number;
}

/**
 * A quorum queue counts a delivery each time a message comes back, also from a consumer that was stopped in good order,
 * and beyond its limit it drops the message. RabbitMQ 4 has a limit of 20 by default, and RabbitMQ 3 knows no value for
 * "none". So the limit is a number that no message reaches.
 */
const unreachedDeliveryLimit = 1_000_000_000;

/**
 * Pause before a queue that was deleted is declared again, in milliseconds. The broker tells the consumers of the deletion
 * a little after it has answered it. A quorum queue that is declared before that counts such a consumer as its own, and
 * confirms messages that the consumer never gets: the broker numbers them from 0 again, and drops them as delivered already.
 */
export const redeclaredAfterMs = 2_000;

/** The broker's name of the queue. */
export function brokerQueueName(queueName: string): string {
  return `${queueName}.v2`;
}

/**
 * The queues that versions before declared: the main queue, with a limit of 20 deliveries, and its dead letters. A
 * queue's arguments cannot be changed, so there is a new queue beside them, and consumers empty the earlier ones.
 */
export function earlierQueueNames(queueName: string): readonly string[] {
  return [queueName, `${queueName}.dead`];
}

/** A durable quorum queue, replicated where the broker is a cluster, that refuses messages beyond its limit. */
export function reservationQueue({ queueName, maxMessages }: TopologyOptions) {
  return {
    queue: brokerQueueName(queueName),
    durable: true,
    arguments: {
      "x-queue-type": "quorum",
      "x-max-length": maxMessages,
      "x-overflow": "reject-publish",
      "x-delivery-limit": unreachedDeliveryLimit,
    },
  } as const;
}

/** Declares the queue. One that exists must have been declared with the same arguments. */
export async function declareTopology(channel: Channel, options: TopologyOptions): Promise<void> {
  await channel.queueDeclare(reservationQueue(options));
}
