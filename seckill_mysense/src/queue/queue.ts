import type { AcceptedReservation } from "../domain/reservation.ts";

/** A message from the queue. `reservation` is undefined if the bytes are not a reservation message. */
export interface Delivery {
  readonly reservation: AcceptedReservation | undefined;
  readonly body: Uint8Array;
}

/** Decides a batch. When it resolves, every message of the batch is acknowledged. */
export type BatchHandler = (batch: readonly Delivery[]) => Promise<void>;

export interface ConsumeOptions {
  readonly maxBatch: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs: number;
}

export interface PublishOptions {
  /**
   * Aborted when the caller stops. A wait for a queue that cannot be reached then ends with `QueueUnavailable`; what a
   * reachable queue is about to confirm is still waited for.
   */
  readonly signal?: AbortSignal;
}

/** How far the consumers of one process have come with a shared queue. */
export interface ConsumerProgress {
  /** Messages that they have had from the queue since their start, repetitions included. */
  readonly received: number;
  /** Those of them that a consumer had had before, and had given back or lost with its connection. */
  readonly repeated: number;
  /** How long they have held the oldest of the messages in their hands, in milliseconds; 0 when they hold none. */
  readonly oldestMs: number;
  /** On which of its connections this process consumes the queue, counted from its start; 0 while it does not. */
  readonly connection: number;
}

/** A running consumer. `stop` finishes the current batch; messages without an acknowledgement are delivered again. */
export interface Consumption {
  /** Messages that this process's consumers of the queue have, and have not acknowledged. */
  readonly inHand: number;
  /** Missing in a queue that knows what is `unsettled`. */
  readonly progress?: ConsumerProgress;
  stop(): Promise<void>;
}

export interface QueueDepth {
  /** Messages that wait for a consumer. */
  readonly ready: number;
  /**
   * Messages in the hands of this process's consumers. With a broker, consumers of other processes hold more: each of
   * them writes its number into its heartbeat.
   */
  readonly unacknowledged: number;
  /**
   * Consumers of all processes that the broker knows, each until it has given back what it holds. Missing in a queue that
   * knows what is `unsettled`.
   */
  readonly consumers?: number;
}

/**
 * The durable queue between the relays and the consumers: at-least-once, in rough order.
 * Bodies are reservation messages (contract/reservation-message.ts).
 *
 * A message leaves the queue only when a handler has decided it. The queue itself puts nothing aside, however often a
 * message was delivered: a consumer that was stopped or killed says nothing about the message in its hands. The handler
 * decides which message is poison, and where it goes.
 */
export interface ReservationQueue {
  /**
   * Resolves when the queue has stored every message durably. Rejects with `QueueUnavailable` (or its kinds `QueueFull`
   * and `QueueUnroutable`) if any message may be lost: then all of them may be published again.
   */
  publish(reservations: readonly AcceptedReservation[], options?: PublishOptions): Promise<void>;
  /**
   * Calls the handler for one batch after the other. If the handler throws, it gets the same batch again after a pause
   * that grows up to some seconds, without end. The handler says itself what was wrong; the queue does not log it.
   */
  consume(handler: BatchHandler, options: ConsumeOptions): Promise<Consumption>;
  depth(): Promise<QueueDepth>;
  /**
   * Messages of one product that are stored and not acknowledged, those in a consumer's hands included. Missing in a
   * queue that does not know.
   */
  unsettled?(productId: string): Promise<number>;
  /** Also stops the consumers. */
  close(): Promise<void>;
}
