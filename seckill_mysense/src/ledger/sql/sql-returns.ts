import type { StockReturn } from "../../domain/order.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { LedgerReturns } from "../returns.ts";

/** Most rows of one UPDATE: bounds the size of the statement. */
const maxMarked = 1_000;

/** Records units that go back to the gate, in the transaction that releases them: otherwise a crash would lose them. */
export async function writeReturns(
  transaction: LedgerTransaction,
  returns: readonly StockReturn[],
  nowMs: number,
): Promise<void> {
  if (returns.length === 0) return;
  const rows = returns.map(({ reservationId, saleId, productId, userId, epoch }) => ({
    reservation_id: reservationId,
    sale_id: saleId,
    product_id: productId,
    user_id: userId,
    epoch,
    released_at_ms: nowMs,
    applied_at_ms: null,
  }));
  await transaction.insertInto("stock_returns").values(rows).execute();
}

export class SqlReturns implements LedgerReturns {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async pending(limit: number): Promise<StockReturn[]> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("stock_returns")
        .selectAll()
        .where("applied_at_ms", "is", null)
        .orderBy("id")
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({
      reservationId: row.reservation_id,
      saleId: row.sale_id,
      productId: row.product_id,
      userId: row.user_id,
      epoch: row.epoch,
    }));
  }

  async markReturned(reservationIds: readonly string[]): Promise<void> {
    for (let start = 0; start < reservationIds.length; start += maxMarked) {
      const some = reservationIds.slice(start, start + maxMarked);
      await this.#database.read((database) =>
        database
          .updateTable("stock_returns")
          .set({ applied_at_ms: this.#now() })
          .where("reservation_id", "in", some)
          .where("applied_at_ms", "is", null)
          .execute(),
      );
    }
  }
}
