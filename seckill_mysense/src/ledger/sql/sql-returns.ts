import { type RawBuilder, sql } from "kysely";
import type { StockReturn } from "../../domain/order.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import { insertRows } from "./insert-rows.ts";
import type { AppliedReturn, LedgerReturns, PendingReturn } from "../returns.ts";

/** Most rows of one UPDATE: bounds the size of the statement. */
const maxMarked = 1_000;

/** A value for `products.gate_sequence`, which never goes down. */
export function atLeast(sequence: number): RawBuilder<number> {
  return sql<number>`case when gate_sequence < ${sequence} then ${sequence} else gate_sequence end`;
}

/** Records units that go back to the gate, in the transaction that releases them: otherwise a crash would lose them. */
export async function writeReturns(
  transaction: LedgerTransaction,
  returns: readonly StockReturn[],
  nowMs: number,
): Promise<void> {
  const rows = returns.map(({ reservationId, saleId, productId, userId, epoch, quantity = 1 }) => ({
    reservation_id: reservationId,
    sale_id: saleId,
    product_id: productId,
    user_id: userId,
    epoch,
    quantity,
    released_at_ms: nowMs,
    applied_at_ms: null,
  }));
  await insertRows(transaction, "stock_returns", rows);
}

/**
 * Released units of each product's epoch that wait to be returned, by product; none without any. They are few, and have
 * an index of their own.
 */
export async function readPendingUnits(
  database: LedgerReader,
  productIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database
    .selectFrom("stock_returns")
    .innerJoin("products", "products.id", "stock_returns.product_id")
    .select("stock_returns.product_id")
    .select(({ fn }) => fn.sum<number | string>("stock_returns.quantity").as("units"))
    .where("applied_at_ms", "is", null)
    .where("stock_returns.product_id", "in", productIds)
    .whereRef("stock_returns.epoch", "=", "products.epoch")
    .groupBy("stock_returns.product_id")
    .execute();
  return new Map(rows.map(({ product_id, units }) => [product_id, Number(units)]));
}

export class SqlReturns implements LedgerReturns {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async pending(limit: number, exceptProducts: readonly string[] = []): Promise<PendingReturn[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("stock_returns")
        .leftJoin("sales", "sales.id", "stock_returns.sale_id")
        .selectAll("stock_returns")
        .select("sales.ends_at_ms")
        .where("applied_at_ms", "is", null)
        .$if(exceptProducts.length > 0, (query) => query.where("product_id", "not in", exceptProducts))
        .orderBy("stock_returns.id")
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({
      reservationId: row.reservation_id,
      saleId: row.sale_id,
      productId: row.product_id,
      userId: row.user_id,
      epoch: row.epoch,
      quantity: row.quantity,
      saleEndsAtMs: row.ends_at_ms ?? 0,
    }));
  }

  async markReturned(returns: readonly AppliedReturn[]): Promise<ReadonlySet<string>> {
    const inOtherEpoch = new Set<string>();
    const current = returns.filter(({ gate }) => gate === undefined);
    const answered = returns.filter((one): one is SequencedReturn => one.gate !== undefined);
    const byProductAndEpoch = Map.groupBy(answered, ({ productId, gate }) => `${gate.epoch} ${productId}`);
    for (const some of byProductAndEpoch.values()) {
      if (await this.#noteSequence(some)) current.push(...some);
      else inOtherEpoch.add(some[0]!.productId);
    }
    for (const [epoch, some] of Map.groupBy(current, (one) => one.epoch)) await this.#markOf(epoch, some);
    return inOtherEpoch;
  }

  /** Notes how far the gate of one product had come. False if its epoch has ended since. */
  async #noteSequence(returns: readonly SequencedReturn[]): Promise<boolean> {
    const [{ productId, gate }] = returns as readonly [SequencedReturn];
    const sequence = Math.max(...returns.map((one) => one.gate.sequence));
    const { numUpdatedRows } = await this.#database.read((database) =>
      database
        .updateTable("products")
        .set({ gate_sequence: atLeast(sequence) })
        .where("id", "=", productId)
        .where("epoch", "=", gate.epoch)
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  async #markOf(epoch: number, returns: readonly AppliedReturn[]): Promise<void> {
    for (let start = 0; start < returns.length; start += maxMarked) {
      const ids = returns.slice(start, start + maxMarked).map(({ reservationId }) => reservationId);
      await this.#database.read((database) =>
        database
          .updateTable("stock_returns")
          .set({ applied_at_ms: this.#now() })
          .where("reservation_id", "in", ids)
          .where("epoch", "=", epoch)
          .where("applied_at_ms", "is", null)
          .execute(),
      );
    }
  }
}

type SequencedReturn = AppliedReturn & { readonly gate: NonNullable<AppliedReturn["gate"]> };
