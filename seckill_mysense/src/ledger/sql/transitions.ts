import type { Order, OrderState, StockReturn } from "../../domain/order.ts";
import type { Updateable } from "kysely";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { OrderRow } from "../database/schema.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";
import type { TransitionOutcome } from "../orders.ts";
import { lockProducts } from "./lock-products.ts";
import { toOrder } from "./rows.ts";
import { writeReturns } from "./sql-returns.ts";

/** Most orders that one transaction expires. */
const maxExpiryBatch = 500;

/** Payments, cancellations and expiries of unpaid orders. */
export class Transitions {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome> {
    return this.#leaveReserved(reservationId, "paid", (order) => nowMs <= order.payBeforeMs);
  }

  cancel(reservationId: string): Promise<TransitionOutcome> {
    return this.#leaveReserved(reservationId, "cancelled", () => true);
  }

  /** Expires orders product by product, so that each transaction locks only one product. */
  async expireUnpaid(nowMs: number, limit: number): Promise<number> {
    const due = await this.#database.read((database) =>
      database
        .selectFrom("orders")
        .select(["reservation_id", "product_id"])
        .where("state", "=", "reserved")
        .where("pay_before_ms", "<", nowMs)
        .orderBy("pay_before_ms")
        .limit(limit)
        .execute(),
    );
    let expired = 0;
    for (const [productId, rows] of Map.groupBy(due, (row) => row.product_id)) {
      const ids = rows.map((row) => row.reservation_id);
      for (let start = 0; start < ids.length; start += maxExpiryBatch) {
        expired += await this.#expire(productId, ids.slice(start, start + maxExpiryBatch));
      }
    }
    return expired;
  }

  async #leaveReserved(
    reservationId: string,
    target: "paid" | "cancelled",
    allowed: (order: Order) => boolean,
  ): Promise<TransitionOutcome> {
    const before = await this.#database.read((database) => readOrder(database, reservationId));
    // No order becomes `reserved` again, so this answer stays true and needs no lock.
    if (before === undefined) return { kind: "not_found" };
    if (before.state !== "reserved" || !allowed(before)) return settled(before, target);
    return this.#database.write(async (transaction) => {
      const epoch = await this.#lockedEpoch(transaction, before.productId);
      if ((await changeState(transaction, [reservationId], target, this.#now())) === 1) {
        const change = target === "paid" ? { reserved: -1, sold: 1 } : { reserved: -1, sold: 0 };
        await changeTotals(transaction, before.productId, change);
        if (target === "cancelled") await writeReturns(transaction, [{ ...before, epoch }], this.#now());
        return { kind: "done", order: (await readOrder(transaction, reservationId)) ?? before };
      }
      const now = await readOrder(transaction, reservationId);
      if (now === undefined) throw new LedgerCorruptionError(`the order ${reservationId} has been deleted`);
      return settled(now, target);
    });
  }

  /** No other transaction changes the orders while the product is locked, so exactly the unpaid ones expire. */
  #expire(productId: string, reservationIds: readonly string[]): Promise<number> {
    return this.#database.write(async (transaction) => {
      const epoch = await this.#lockedEpoch(transaction, productId);
      const rows = await transaction
        .selectFrom("orders")
        .selectAll()
        .where("reservation_id", "in", reservationIds)
        .where("state", "=", "reserved")
        .execute();
      if (rows.length === 0) return 0;
      const orders: StockReturn[] = rows.map((row) => ({ ...toOrder(row), epoch }));
      const changed = await changeState(
        transaction,
        orders.map((order) => order.reservationId),
        "expired",
        this.#now(),
      );
      if (changed !== orders.length)
        throw new LedgerCorruptionError(`orders of product ${productId} changed under its lock`);
      await changeTotals(transaction, productId, { reserved: -orders.length, sold: 0 });
      await writeReturns(transaction, orders, this.#now());
      return orders.length;
    });
  }

  /**
   * Locks the product and reads its epoch. A released unit belongs to this epoch, not to the epoch of its order: if the
   * gate was rebuilt since the order, it was armed without this unit.
   */
  async #lockedEpoch(transaction: LedgerTransaction, productId: string): Promise<number> {
    const products = await lockProducts(transaction, [productId], this.#database.dialect.locksRows);
    const product = products.get(productId);
    if (product === undefined) throw new LedgerCorruptionError(`the product ${productId} has been deleted`);
    return product.epoch;
  }
}

function settled(order: Order, target: OrderState): TransitionOutcome {
  return { kind: order.state === target ? "already" : "refused", order };
}

function changedColumns(target: "paid" | "cancelled" | "expired", nowMs: number): Updateable<OrderRow> {
  switch (target) {
    case "paid":
      return { state: target, paid_at_ms: nowMs };
    case "cancelled":
      return { state: target, active_slot: null, cancelled_at_ms: nowMs };
    case "expired":
      return { state: target, active_slot: null, expired_at_ms: nowMs };
  }
}

/** The transaction that changes a row wins it. Returns how many orders were still `reserved`. */
async function changeState(
  transaction: LedgerTransaction,
  reservationIds: readonly string[],
  target: "paid" | "cancelled" | "expired",
  nowMs: number,
): Promise<number> {
  const { numUpdatedRows } = await transaction
    .updateTable("orders")
    .set(changedColumns(target, nowMs))
    .where("reservation_id", "in", reservationIds)
    .where("state", "=", "reserved")
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

async function changeTotals(
  transaction: LedgerTransaction,
  productId: string,
  change: { readonly reserved: number; readonly sold: number },
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable("products")
    .set(({ eb }) => ({ reserved: eb("reserved", "+", change.reserved), sold: eb("sold", "+", change.sold) }))
    .where("id", "=", productId)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new LedgerCorruptionError(`the product ${productId} has been deleted`);
}

async function readOrder(database: LedgerReader, reservationId: string): Promise<Order | undefined> {
  const row = await database
    .selectFrom("orders")
    .selectAll()
    .where("reservation_id", "=", reservationId)
    .executeTakeFirst();
  return row === undefined ? undefined : toOrder(row);
}
