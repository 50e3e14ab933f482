import type { Channel } from "rabbitmq-client";

export interface TopologyOptions {
  readonly queueName: string;
  /** Beyond this many waiting messages the broker refuses further ones. */
  readonly maxMessages: number;
  readonly deliveryLimit: number;
}

export function deadLetterQueueName(queueName: string): string {
  return `${queueName}.dead`;
}

/**
 * Declares the parts of the queue. Parts that exist must have been declared with the same arguments.
 * - a durable quorum queue, replicated where the broker is a cluster, that refuses messages beyond its limit;
 * - a quorum queue for its dead letters, behind an exchange of the same name. "at-least-once" makes the broker keep a
 *   dead letter in the first queue until the second has it, and asks for "reject-publish".
 */
export async function declareTopology(channel: Channel, options: TopologyOptions): Promise<void> {
  const dead = deadLetterQueueName(options.queueName);
  await channel.exchangeDeclare({ exchange: dead, type: "fanout", durable: true });
  await channel.queueDeclare({ queue: dead, durable: true, arguments: boundedQuorum(options.maxMessages) });
  await channel.queueBind({ queue: dead, exchange: dead, routingKey: "" });
  await channel.queueDeclare(mainQueue(options));
}

/** The declaration of the main queue alone; a consumer repeats it after each reconnection. */
export function mainQueue({ queueName, maxMessages, deliveryLimit }: TopologyOptions) {
  return {
    queue: queueName,
    durable: true,
    arguments: {
      ...boundedQuorum(maxMessages),
      "x-delivery-limit": deliveryLimit,
      "x-dead-letter-exchange": deadLetterQueueName(queueName),
      "x-dead-letter-strategy": "at-least-once",
    },
  };
}

function boundedQuorum(maxMessages: number) {
  return { "x-queue-type": "quorum", "x-max-length": maxMessages, "x-overflow": "reject-publish" } as const;
}
