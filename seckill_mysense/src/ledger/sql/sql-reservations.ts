import { sql } from "kysely";
import { holderKey } from "../../domain/batch-plan.ts";
import { type HeldOrder, type OfferedProduct, type OfferState, planReserves } from "../../domain/reserve-plan.ts";
import type { ReserveOutcome } from "../../domain/reservation.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { SaleRow } from "../database/schema.ts";
import type { DirectCall, LedgerReservations, OfferFigures } from "../reservations.ts";
import { CallBatcher } from "./call-batcher.ts";
import { lockProducts, type LockedProduct } from "./lock-products.ts";
import { type OfferedWaiters, readOffered, settleOffers } from "./offered-waiters.ts";
import { writeOrders } from "./record-batch.ts";
import { readPendingUnits } from "./sql-returns.ts";

/**
 * While one transaction commits, the next one collects what arrives. A second one at a time decides other products, and
 * otherwise waits for the lock.
 */
const shared = { maxBatch: 300, maxRunning: 2, maxWaiting: 20_000 };

export class SqlReservations implements LedgerReservations {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;
  readonly #calls: CallBatcher<DirectCall, ReserveOutcome>;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
    this.#calls = new CallBatcher({
      name: "reservations",
      run: (calls) => database.write((transaction) => this.#decide(transaction, calls)),
      ...shared,
    });
  }

  reserve(call: DirectCall): Promise<ReserveOutcome> {
    return this.#calls.call(call);
  }

  figures(productId: string): Promise<OfferFigures> {
    const clock = sql.raw(this.#database.dialect.nowMs);
    return this.#database.read(async (reader) => {
      // The highest id is one step in the index. Counting would cost as much as there are orders.
      const returns = sql`select coalesce(max(id), 0) from stock_returns where product_id = ${productId}`;
      const { rows } = await sql<OfferFigures>`
        select ${clock} as ${sql.ref("nowMs")}, (${returns}) as ${sql.ref("returns")}
      `.execute(reader);
      return rows[0]!;
    });
  }

  async #decide(transaction: LedgerTransaction, calls: readonly DirectCall[]): Promise<readonly ReserveOutcome[]> {
    const ids = [...new Set(calls.map(({ productId }) => productId))];
    const rows = await lockProducts(transaction, ids, this.#database.dialect.locksRows);
    const state = await this.#readState(transaction, calls, rows);
    const plan = planReserves(calls, state);
    const payWithinMs = calls[0]!.payWithinMs;
    const context = { locksRows: this.#database.dialect.locksRows, nowMs: this.#now(), payWithinMs };
    await writeOrders(transaction, plan, state, rows, context);
    await settleOffers(transaction, { orders: plan.orders, rejections: [] }, state.waiters, context.nowMs);
    return plan.outcomes;
  }

  async #readState(
    transaction: LedgerTransaction,
    calls: readonly DirectCall[],
    rows: ReadonlyMap<string, LockedProduct>,
  ): Promise<OfferState & { readonly waiters: OfferedWaiters }> {
    // Read after the lock has been waited for: the request is decided now, and not when it arrived.
    const nowMs = await this.#clock(transaction);
    return {
      nowMs,
      products: await readProducts(transaction, rows),
      decided: await readDecided(transaction, calls),
      held: await readHeld(transaction, calls),
      waiters: await readOffered(
        transaction,
        calls.map(({ reservationId }) => reservationId),
      ),
    };
  }

  async #clock(reader: LedgerReader): Promise<number> {
    const { rows } = await sql<{ now: number }>`select ${sql.raw(this.#database.dialect.nowMs)} as now`.execute(reader);
    return rows[0]!.now;
  }
}

async function readProducts(
  transaction: LedgerTransaction,
  rows: ReadonlyMap<string, LockedProduct>,
): Promise<Map<string, OfferedProduct>> {
  if (rows.size === 0) return new Map();
  const saleIds = [...new Set([...rows.values()].map(({ sale_id }) => sale_id))];
  const sales = await transaction.selectFrom("sales").selectAll().where("id", "in", saleIds).execute();
  const byId = new Map(sales.map((sale) => [sale.id, sale]));
  const pending = await readPendingUnits(transaction, [...rows.keys()]);
  const products = new Map<string, OfferedProduct>();
  for (const row of rows.values()) {
    const sale = byId.get(row.sale_id);
    if (sale === undefined || sale.state === "draft") continue;
    products.set(row.id, offered(row, sale, pending.get(row.id) ?? 0));
  }
  return products;
}

type SaleTerms = Pick<SaleRow, "starts_at_ms" | "ends_at_ms"> & { readonly paused: number; readonly state: string };

/** Units that are to be taken out of the sale, or on their way back to it, are not sold. */
function offered(row: LockedProduct, sale: SaleTerms, pendingReturns: number): OfferedProduct {
  const total = Math.min(row.total, row.lowering_to ?? row.total);
  return {
    saleId: row.sale_id,
    epoch: row.epoch,
    sequence: row.gate_sequence,
    startsAtMs: sale.starts_at_ms,
    endsAtMs: sale.ends_at_ms,
    limitPerUser: row.limit_per_user,
    available: total - row.reserved - row.sold - pendingReturns,
    waiting: row.waiting_since !== null,
    paused: sale.state === "cancelled" || sale.paused === 1 || row.paused === 1 || row.cancelled === 1,
  };
}

async function readDecided(transaction: LedgerTransaction, calls: readonly DirectCall[]): Promise<Set<string>> {
  const ids = calls.map(({ reservationId }) => reservationId);
  const tables = ["orders", "rejections"] as const;
  const decided = new Set<string>();
  for (const table of tables) {
    const rows = await transaction
      .selectFrom(table)
      .select("reservation_id")
      .where("reservation_id", "in", ids)
      .execute();
    for (const { reservation_id } of rows) decided.add(reservation_id);
  }
  return decided;
}

async function readHeld(
  transaction: LedgerTransaction,
  calls: readonly DirectCall[],
): Promise<Map<string, HeldOrder[]>> {
  const held = new Map<string, HeldOrder[]>();
  for (const [productId, some] of Map.groupBy(calls, (call) => call.productId)) {
    const rows = await transaction
      .selectFrom("orders")
      .select(["reservation_id", "user_id", "active_slot", "accepted_at_ms", "quantity"])
      .where("product_id", "=", productId)
      .where(
        "user_id",
        "in",
        some.map(({ userId }) => userId),
      )
      .where("active_slot", "is not", null)
      .execute();
    for (const row of rows) {
      const key = holderKey(productId, row.user_id);
      const { reservation_id: reservationId, quantity, active_slot, accepted_at_ms: acceptedAtMs } = row;
      const order = { reservationId, quantity, slot: active_slot!, acceptedAtMs };
      held.set(key, [...(held.get(key) ?? []), order]);
    }
  }
  return held;
}
