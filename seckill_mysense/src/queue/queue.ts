import type { AcceptedReservation } from "../domain/reservation.ts";

/** A message as it came from the queue. `reservation` is undefined when the bytes could not be understood. */
export interface Delivery {
  readonly reservation: AcceptedReservation | undefined;
  readonly body: Uint8Array;
  readonly redelivered: boolean;
}

/** What the handler decides for each delivery of its batch, in the same order. */
export type DeliveryVerdict = "acknowledge" | "requeue" | "dead_letter";

export interface ConsumeOptions {
  readonly maxBatch: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs: number;
}

/** A running consumer. `stop` lets the batch in hand finish; what was not acknowledged is delivered again. */
export interface Consumption {
  stop(): Promise<void>;
}

/** The durable queue between the relays and the consumers: at-least-once, in rough order. */
export interface ReservationQueue {
  /** Resolves when the queue has taken durable charge of every message; rejects when any may be lost. */
  publish(reservations: readonly AcceptedReservation[]): Promise<void>;
  /** A handler that throws has its whole batch delivered again, after a bounded pause. */
  consume(
    handler: (batch: readonly Delivery[]) => Promise<readonly DeliveryVerdict[]>,
    options: ConsumeOptions,
  ): Promise<Consumption>;
  depth(): Promise<{ readonly ready: number; readonly deadLettered: number }>;
  close(): Promise<void>;
}
