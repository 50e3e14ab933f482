import type { Selectable } from "kysely";
import { entryOf, readableParts, type BatchEntry, type Refusal } from "../../domain/batch-entry.ts";
import { defaultCollectWithinMs } from "../../domain/bundle.ts";
import type { Order, RecordOutcome, RejectionReason } from "../../domain/order.ts";
import type { AcceptedReservation, UnreadableReservation } from "../../domain/reservation.ts";
import type { Clock } from "../../time/clock.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { OrderRow } from "../database/schema.ts";
import {
  maxRecordBatch,
  type LedgerAnswer,
  type LedgerOrders,
  type RecordOptions,
  type TransitionOutcome,
} from "../orders.ts";
import { CallBatcher } from "./call-batcher.ts";
import { releaseCancelledSales } from "./cancelled-sales.ts";
import { withPrices } from "./late-prices.ts";
import { recordBatch } from "./record-batch.ts";
import { toOrder } from "./rows.ts";
import { Transitions } from "./transitions.ts";

/** Buyers who pay or wait read single orders. In a rush one query answers many of them. */
const sharedReads = { maxBatch: 200, maxRunning: 3, maxWaiting: 50_000 };
/** Lists of orders, one user at a time: each page asks for one when a user comes to it. */
const readsOfUsers = { maxBatch: 1, maxRunning: 2, maxWaiting: 5_000 };

interface OrdersOf {
  readonly userId: string;
  readonly limit: number;
}

export class SqlOrders implements LedgerOrders {
  readonly #database: RetryingDatabase;
  readonly #now: Clock["now"];
  readonly #transitions: Transitions;
  readonly #reads = new CallBatcher<string, Order | undefined>({
    name: "reads of orders",
    run: (reservationIds) => this.#readAll(reservationIds),
    ...sharedReads,
  });

  readonly #lists = new CallBatcher<OrdersOf, Order[]>({
    name: "lists of orders",
    run: ([asked]) => this.#readOfUser(asked!).then((orders) => [orders]),
    ...readsOfUsers,
  });

  constructor(database: RetryingDatabase, now: Clock["now"]) {
    this.#database = database;
    this.#now = now;
    this.#transitions = new Transitions(database, now);
  }

  async record(
    batch: readonly AcceptedReservation[],
    { payWithinMs, collectWithinMs = defaultCollectWithinMs }: RecordOptions,
  ): Promise<RecordOutcome[]> {
    if (!Number.isSafeInteger(payWithinMs) || payWithinMs < 0) {
      throw new RangeError(`payWithinMs is ${payWithinMs}, not a whole number of milliseconds from 0`);
    }
    return this.#write(batch.map(entryOf), { payWithinMs, collectWithinMs });
  }

  async reject(batch: readonly UnreadableReservation[], refusal: Refusal = "malformed"): Promise<RecordOutcome[]> {
    return this.#write(
      batch.map((message) => ({ ...readableParts(message), refusal })),
      { payWithinMs: 0, collectWithinMs: 0 },
    );
  }

  read(reservationId: string): Promise<Order | undefined> {
    return this.#reads.call(reservationId);
  }

  readOfUser(userId: string, limit: number): Promise<Order[]> {
    return this.#lists.call({ userId, limit });
  }

  async readRejection(reservationId: string): Promise<RejectionReason | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("rejections").select("reason").where("reservation_id", "=", reservationId).executeTakeFirst(),
    );
    return row?.reason;
  }

  async readAnswers(reservationIds: readonly string[]): Promise<Map<string, LedgerAnswer>> {
    checkBatch(reservationIds);
    if (reservationIds.length === 0) return new Map();
    const answers = new Map<string, LedgerAnswer>();
    await this.#database.read(async (database) => {
      answers.clear();
      const orders = database.selectFrom("orders").selectAll().where("reservation_id", "in", reservationIds);
      for (const row of await orders.execute()) answers.set(row.reservation_id, { order: toOrder(row) });
      const rejections = database.selectFrom("rejections").selectAll().where("reservation_id", "in", reservationIds);
      for (const { reservation_id, reason } of await rejections.execute()) {
        answers.set(reservation_id, { ...answers.get(reservation_id), rejection: reason });
      }
    });
    return answers;
  }

  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome> {
    return this.#transitions.pay(reservationId, nowMs);
  }

  cancel(reservationId: string): Promise<TransitionOutcome> {
    return this.#transitions.cancel(reservationId);
  }

  expireUnpaid(nowMs: number, limit: number): Promise<number> {
    return this.#transitions.expireUnpaid(nowMs, limit);
  }

  releaseCancelled(limit: number): Promise<number> {
    return releaseCancelledSales(this.#database, this.#now, limit);
  }

  async #readAll(reservationIds: readonly string[]): Promise<(Order | undefined)[]> {
    const rows = await this.#database.read((database) =>
      database.selectFrom("orders").selectAll().where("reservation_id", "in", reservationIds).execute(),
    );
    const orders = new Map((await this.#priced(rows)).map((order) => [order.reservationId, order]));
    return reservationIds.map((id) => orders.get(id));
  }

  async #readOfUser({ userId, limit }: OrdersOf): Promise<Order[]> {
    const rows = await this.#database.read((database) =>
      database
        // One look into the index by product and user for each product. An index by user would take a quarter of the rate at
        // which orders are recorded: see docs/decisions/0118.
        .selectFrom("products")
        .innerJoin("orders", "orders.product_id", "products.id")
        .selectAll("orders")
        .where("orders.user_id", "=", userId)
        .orderBy("orders.recorded_at_ms", "desc")
        .orderBy("orders.reservation_id", "desc")
        .limit(limit)
        .execute(),
    );
    return this.#priced(rows);
  }

  async #priced(rows: readonly Selectable<OrderRow>[]): Promise<Order[]> {
    const priced = rows.some((row) => row.price_minor === null) ? await withPrices(this.#database, rows) : rows;
    return priced.map(toOrder);
  }

  async #write(entries: readonly BatchEntry[], windows: Required<RecordOptions>): Promise<RecordOutcome[]> {
    checkBatch(entries);
    if (entries.length === 0) return [];
    const { locksRows } = this.#database.dialect;
    const outcomes = await this.#database.write((transaction) =>
      recordBatch(transaction, entries, { locksRows, nowMs: this.#now(), ...windows }),
    );
    return [...outcomes];
  }
}

function checkBatch(batch: readonly unknown[]): void {
  if (batch.length <= maxRecordBatch) return;
  throw new RangeError(`a batch of ${batch.length} reservations is over the ledger's limit of ${maxRecordBatch}`);
}
