import type { RecordOutcome } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { Delivery, DeliveryVerdict, ReservationQueue } from "../queue/queue.ts";
import { RefusedValueError } from "../ledger/ledger-errors.ts";
import { maxRecordBatch, type LedgerOrders } from "../ledger/orders.ts";
import { traceMessages } from "../tracing/tracing.ts";
import { salvageReservation } from "./salvage-reservation.ts";

export interface ConsumerOptions {
  readonly queue: Pick<ReservationQueue, "consume">;
  readonly orders: Pick<LedgerOrders, "record" | "reject">;
  /** How long a recorded order may stay unpaid, in milliseconds. */
  readonly payWithinMs: number;
  readonly logger?: Logger;
  /** Most reservations in one transaction. */
  readonly maxBatch?: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs?: number;
}

/** Counts since the start, in messages; `ledgerFailures` counts batches. */
export interface ConsumerCounts {
  recorded: number;
  duplicate: number;
  rejected: number;
  deadLettered: number;
  ledgerFailures: number;
}

export interface Consumer {
  readonly counts: Readonly<ConsumerCounts>;
  /** Finishes the current batch; messages that are not recorded by then stay in the queue. */
  stop(): Promise<void>;
}

/**
 * Brings reservations from the queue into the ledger: it records them first and acknowledges them after that. While the
 * ledger is away, the handler throws, and the queue gives it the same batch again after a growing pause. Nothing is
 * requeued, because each requeueing counts against the messages' delivery limit.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { queue, maxBatch = 300, maxWaitMs = 5 } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > maxRecordBatch) {
    throw new RangeError(`maxBatch is ${maxBatch}, not a whole number from 1 to ${maxRecordBatch}`);
  }
  const recorder = new BatchRecorder(options);
  const consumption = await queue.consume((batch) => recorder.handle(batch), { maxBatch, maxWaitMs });
  return { counts: recorder.counts, stop: () => consumption.stop() };
}

interface ReadableEntry {
  readonly reservation: AcceptedReservation;
  /** Its place in the batch. */
  readonly index: number;
}

class BatchRecorder {
  readonly counts: ConsumerCounts = { recorded: 0, duplicate: 0, rejected: 0, deadLettered: 0, ledgerFailures: 0 };
  readonly #orders: ConsumerOptions["orders"];
  readonly #payWithinMs: number;
  readonly #logger: Logger;

  constructor({ orders, payWithinMs, logger = silentLogger }: ConsumerOptions) {
    this.#orders = orders;
    this.#payWithinMs = payWithinMs;
    this.#logger = logger;
  }

  async handle(batch: readonly Delivery[]): Promise<DeliveryVerdict[]> {
    const verdicts: DeliveryVerdict[] = batch.map(() => "dead_letter");
    const readable = batch.flatMap(({ reservation }, index) => (reservation ? [{ reservation, index }] : []));
    try {
      await this.#record(readable, verdicts);
      for (const delivery of batch) if (delivery.reservation === undefined) await this.#refuseUnreadable(delivery);
    } catch (error) {
      this.counts.ledgerFailures++;
      throw error;
    }
    this.counts.deadLettered += verdicts.filter((verdict) => verdict === "dead_letter").length;
    return verdicts;
  }

  /** One bad row fails the transaction of the whole batch. Halving the batch finds that row and records the others. */
  async #record(entries: readonly ReadableEntry[], verdicts: DeliveryVerdict[]): Promise<void> {
    if (entries.length === 0) return;
    const reservations = entries.map(({ reservation }) => reservation);
    try {
      const outcomes = await traceMessages({ name: "ledger record", kind: "consumer" }, reservations, (traced) =>
        this.#orders.record(traced, { payWithinMs: this.#payWithinMs }),
      );
      for (const [position, outcome] of outcomes.entries()) {
        const { reservation, index } = entries[position] as ReadableEntry;
        verdicts[index] = this.#verdictOf(outcome, reservation);
      }
    } catch (error) {
      if (!(error instanceof RefusedValueError)) throw error;
      const middle = Math.ceil(entries.length / 2);
      if (entries.length === 1) return this.#refuse(reservations[0] as AcceptedReservation, error);
      await this.#record(entries.slice(0, middle), verdicts);
      await this.#record(entries.slice(middle), verdicts);
    }
  }

  async #refuse(reservation: AcceptedReservation, error: Error): Promise<void> {
    const { reservationId } = reservation;
    this.#logger.error("the ledger cannot hold a reservation", { reservationId, reason: error.message });
    await this.#orders.reject([reservation]);
  }

  async #refuseUnreadable({ body }: Delivery): Promise<void> {
    const salvaged = salvageReservation(body);
    const reservationId = salvaged?.reservationId;
    this.#logger.error("a queue message cannot be read", { reservationId, bodyBytes: body.byteLength });
    if (salvaged !== undefined) await this.#orders.reject([salvaged]);
  }

  #verdictOf(outcome: RecordOutcome, { reservationId, productId }: AcceptedReservation): DeliveryVerdict {
    this.counts[outcome.kind]++;
    if (outcome.kind !== "rejected") return "acknowledge";
    const { reason } = outcome;
    this.#logger.warn("a reservation was rejected", { reservationId, productId, reason });
    return reason === "unknown_product" || reason === "malformed" ? "dead_letter" : "acknowledge";
  }
}
