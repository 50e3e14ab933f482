import type { Connection } from "rabbitmq-client";
import { pause } from "../time/pause.ts";
import type { RabbitmqSubscription } from "./rabbitmq-subscription.ts";
import { earlierQueueNames } from "./rabbitmq-topology.ts";

/** How long it is believed that there is no earlier queue: an older program may declare it again. */
const lookEveryMs = 10_000;

export interface QueueFigures {
  readonly messages: number;
  readonly consumers: number;
}

/** What waits in a queue, and its consumers; undefined if there is no such queue. Rejects when the broker cannot be asked. */
export async function lookInto(connection: Connection, queue: string): Promise<QueueFigures | undefined> {
  const channel = await connection.acquire({ emitErrorsFromChannel: true });
  // The broker closes the channel after it has said that there is no queue, and the caller hears of it by the call.
  channel.on("error", () => {});
  try {
    const { messageCount, consumerCount } = await channel.queueDeclare({ queue, passive: true });
    await channel.close();
    return { messages: messageCount, consumers: consumerCount };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Counts the messages in the queues of versions before, and their consumers. */
export class EarlierQueues {
  readonly #names: readonly string[];
  readonly #elapsedMs: () => number;
  #lookAtMs = 0;

  constructor(queueName: string, elapsedMs: () => number) {
    this.#names = earlierQueueNames(queueName);
    this.#elapsedMs = elapsedMs;
  }

  /** Figures of the queues that exist. */
  async look(connection: Connection): Promise<readonly QueueFigures[]> {
    if (this.#elapsedMs() < this.#lookAtMs) return [];
    const found: QueueFigures[] = [];
    for (const name of this.#names) {
      const figures = await lookInto(connection, name);
      if (figures !== undefined) found.push(figures);
    }
    if (found.length === 0) this.#lookAtMs = this.#elapsedMs() + lookEveryMs;
    return found;
  }
}

export interface EarlierQueueOptions {
  readonly connection: Connection;
  readonly queueName: string;
  readonly signal: AbortSignal;
  /** Subscribes to an earlier queue that exists. */
  readonly subscribe: (queue: string, onFailure: (error: unknown) => void) => RabbitmqSubscription;
}

/**
 * Consumes the earlier queues too, whenever they exist, until the signal is aborted. Publishers of an older version may
 * still write to them, so they are never deleted here: an operator deletes them when they are empty.
 */
export async function followEarlierQueues(options: EarlierQueueOptions): Promise<void> {
  await Promise.all(earlierQueueNames(options.queueName).map((queue) => followQueue(queue, options)));
}

async function followQueue(queue: string, { connection, signal, subscribe }: EarlierQueueOptions): Promise<void> {
  while (!signal.aborted) {
    // While the broker cannot be asked, the consumer of the new queue reports it.
    const found = connection.ready ? await lookInto(connection, queue).catch(() => undefined) : undefined;
    if (signal.aborted) return;
    if (found !== undefined) await consumeUntilDeleted(queue, subscribe, signal);
    await pause(lookEveryMs, signal);
  }
}

/** A subscription by itself would look for a deleted queue for ever. */
async function consumeUntilDeleted(
  queue: string,
  subscribe: EarlierQueueOptions["subscribe"],
  signal: AbortSignal,
): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const subscription = subscribe(queue, (error) => {
    if (isNotFound(error)) resolve();
  });
  signal.addEventListener("abort", () => resolve(), { once: true });
  await ended;
  await subscription.close();
}

function isNotFound(error: unknown): boolean {
  return (error as { code?: string }).code === "NOT_FOUND";
}
