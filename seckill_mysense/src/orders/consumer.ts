import type { RecordOutcome } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { HealthPart } from "../health/health-board.ts";
import { unwatchedPart } from "../health/part-sources.ts";
import type { ConsumerProgress, Delivery, ReservationQueue } from "../queue/queue.ts";
import { type LedgerDeadLetters, maxWaitingLetters, type NewDeadLetter } from "../ledger/dead-letters.ts";
import { RefusedValueError } from "../ledger/ledger-errors.ts";
import { maxRecordBatch, type LedgerOrders } from "../ledger/orders.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { traceMessages } from "../tracing/tracing.ts";
import { salvageReservation } from "./salvage-reservation.ts";

export interface ConsumerOptions {
  readonly queue: Pick<ReservationQueue, "consume">;
  readonly orders: Pick<LedgerOrders, "record" | "reject">;
  readonly deadLetters: Pick<LedgerDeadLetters, "keep">;
  /** Is told whether batches can be recorded. */
  readonly health?: HealthPart;
  /** How long a recorded order may stay unpaid, in milliseconds. */
  readonly payWithinMs: number;
  /** How long a bundle may wait for its last part, in milliseconds. */
  readonly collectWithinMs?: number;
  readonly logger?: Logger;
  /** Most reservations in one transaction. */
  readonly maxBatch?: number;
  /** How long an incomplete batch waits for more, in milliseconds. */
  readonly maxWaitMs?: number;
  readonly elapsedMs?: Clock["elapsedMs"];
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
  /** Messages that it has from the queue and has not acknowledged. */
  readonly inHand: number;
  /** Missing with a queue that knows itself what is not settled. */
  readonly progress: ConsumerProgress | undefined;
  /** Since when the ledger has had the present batch, by the monotonic clock; undefined between two batches. */
  readonly handlingSinceMs: number | undefined;
  /** Finishes the current batch; messages that are not recorded by then stay in the queue. */
  stop(): Promise<void>;
}

/**
 * Brings reservations from the queue into the ledger: it records them first and acknowledges them after that. While the
 * ledger is away, the handler throws, and the queue gives it the same batch again after a growing pause.
 *
 * A message that cannot be recorded, however often it is tried, is poison. It goes to the ledger's dead letters, where
 * operators see it, and its reservation is rejected: the buyer gets an answer and the gate gets the unit back. While too
 * many of them wait, nothing further is taken from the queue.
 */
export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { queue, maxBatch = 300, maxWaitMs = 5 } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1 || maxBatch > maxRecordBatch) {
    throw new RangeError(`maxBatch is ${maxBatch}, not a whole number from 1 to ${maxRecordBatch}`);
  }
  const recorder = new BatchRecorder(options);
  const consumption = await queue.consume((batch) => recorder.handle(batch), { maxBatch, maxWaitMs });
  return {
    counts: recorder.counts,
    get inHand() {
      return consumption.inHand;
    },
    get progress() {
      return consumption.progress;
    },
    get handlingSinceMs() {
      return recorder.handlingSinceMs;
    },
    stop: () => consumption.stop(),
  };
}

interface ReadableEntry {
  readonly reservation: AcceptedReservation;
  readonly body: Uint8Array;
}

/** A message cannot be recorded, and cannot be set aside either. */
class DeadLettersFullError extends Error {
  override readonly name = "DeadLettersFullError";
  constructor() {
    super(`${maxWaitingLetters} dead letters wait: replay or discard some with "seckill dead-letters"`);
  }
}

class BatchRecorder {
  readonly counts: ConsumerCounts = { recorded: 0, duplicate: 0, rejected: 0, deadLettered: 0, ledgerFailures: 0 };
  handlingSinceMs: number | undefined;
  readonly #options: ConsumerOptions;
  readonly #logger: Logger;
  readonly #health: HealthPart;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#health = options.health ?? unwatchedPart;
    this.#health.ok();
  }

  /** Every step is safe to repeat, so a batch that failed half-way is handled again as a whole. */
  async handle(batch: readonly Delivery[]): Promise<void> {
    const { elapsedMs = systemClock.elapsedMs } = this.#options;
    this.handlingSinceMs = elapsedMs();
    try {
      await this.#record(batch.flatMap(({ reservation, body }) => (reservation ? [{ reservation, body }] : [])));
      for (const { reservation, body } of batch) if (reservation === undefined) await this.#refuseUnreadable(body);
    } catch (error) {
      this.counts.ledgerFailures++;
      this.#health.down(`the ledger does not record: ${String(error)}`);
      throw error;
    } finally {
      this.handlingSinceMs = undefined;
    }
    this.#health.ok();
  }

  /** One bad row fails the transaction of the whole batch. Halving the batch finds that row and records the others. */
  async #record(entries: readonly ReadableEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { orders, payWithinMs, collectWithinMs } = this.#options;
    const windows = { payWithinMs, ...(collectWithinMs !== undefined && { collectWithinMs }) };
    const reservations = entries.map(({ reservation }) => reservation);
    try {
      const outcomes = await traceMessages({ name: "ledger record", kind: "consumer" }, reservations, (traced) =>
        orders.record(traced, windows),
      );
      for (const [index, outcome] of outcomes.entries()) await this.#note(outcome, entries[index] as ReadableEntry);
    } catch (error) {
      if (!(error instanceof RefusedValueError)) throw error;
      const middle = Math.ceil(entries.length / 2);
      if (entries.length === 1) return this.#refuse(entries[0] as ReadableEntry, error);
      await this.#record(entries.slice(0, middle));
      await this.#record(entries.slice(middle));
    }
  }

  async #note(outcome: RecordOutcome, { reservation, body }: ReadableEntry): Promise<void> {
    this.counts[outcome.kind]++;
    if (outcome.kind !== "rejected") return;
    const { reservationId, productId, saleId } = reservation;
    const { reason } = outcome;
    this.#logger.warn("a reservation was rejected", { reservationId, productId, reason });
    if (reason === "unknown_product") {
      const detail = `the ledger has no product ${productId} in the sale ${saleId}`;
      await this.#keep(body, { reason, detail, ...reservation });
    }
    if (reason === "malformed") await this.#keep(body, { reason: "refused_value", detail: reason, ...reservation });
  }

  async #refuse({ reservation, body }: ReadableEntry, error: Error): Promise<void> {
    await this.#options.orders.reject([reservation]);
    await this.#keep(body, { reason: "refused_value", detail: error.message, ...reservation });
  }

  async #refuseUnreadable(body: Uint8Array): Promise<void> {
    const { reservation, isNewerVersion } = salvageReservation(body);
    const parts = { productId: undefined, userId: undefined, reservationId: undefined, ...reservation };
    if (isNewerVersion) {
      const detail = "a newer version of this program wrote it: replay it with that version";
      return this.#keep(body, { ...parts, reason: "newer_version", detail });
    }
    if (reservation !== undefined) await this.#options.orders.reject([reservation]);
    await this.#keep(body, { ...parts, reason: "unreadable", detail: "it is no reservation message" });
  }

  async #keep(body: Uint8Array, letter: Omit<NewDeadLetter, "body">): Promise<void> {
    const { reason, detail, reservationId, productId, userId } = letter;
    const kept = await this.#options.deadLetters.keep({ body, reason, detail, reservationId, productId, userId });
    // The message stays in the queue, and so does what comes after it: nothing is lost, and an operator must look.
    if (kept === "full") throw new DeadLettersFullError();
    if (kept === "known") return;
    this.counts.deadLettered++;
    const fields = { reservationId, reason, detail, bodyBytes: body.byteLength };
    this.#logger.error("a message became a dead letter", fields);
  }
}
