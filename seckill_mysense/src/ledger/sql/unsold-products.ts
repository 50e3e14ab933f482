import { sql } from "kysely";
import type { UnsoldProduct } from "../../domain/ballot.ts";
import { groupBuckets } from "../../domain/buckets.ts";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import { toSaleRecord } from "./rows.ts";

export interface UnsoldQuestion {
  readonly saleId: string;
  readonly roomId: number;
  /** The window of the places behind this one is open. */
  readonly afterPlace: number;
}

/**
 * What a ballot may still sell. Nothing of what is paused. Units that are to leave the sale are gone, and those that come back
 * are there when the gate has them. One statement, so that all figures are of one moment.
 */
export async function readUnsold(
  transaction: LedgerTransaction,
  { saleId, roomId, afterPlace }: UnsoldQuestion,
): Promise<{ readonly products: UnsoldProduct[]; readonly hasGivenWinners: boolean }> {
  const row = await transaction.selectFrom("sales").selectAll().where("id", "=", saleId).executeTakeFirstOrThrow();
  const { paused, room } = toSaleRecord(row);
  const buckets = paused ? [] : await readBuckets(transaction, { saleId, roomId, afterPlace });
  const products = groupBuckets(buckets, ({ id }) => id).map((some) => ({
    left: sum(some, ({ total, lowering_to, reserved, sold, returning }) => {
      return Math.min(total, lowering_to ?? total) - reserved - sold - Number(returning);
    }),
    limitPerUser: some[0]!.limit_per_user,
    heldInWindows: sum(some, ({ held }) => Number(held)),
  }));
  return { products, hasGivenWinners: room?.winners !== undefined };
}

function readBuckets(transaction: LedgerTransaction, { saleId, roomId, afterPlace }: UnsoldQuestion) {
  return transaction
    .selectFrom("products")
    .select(["id", "total", "lowering_to", "reserved", "sold", "limit_per_user"])
    .select(({ selectFrom }) => [
      selectFrom("room_uses")
        .innerJoin("orders", "orders.user_id", "room_uses.user_id")
        .select(({ fn }) => fn.coalesce(fn.sum<number | string>("orders.quantity"), sql.lit(0)).as("units"))
        .where("room_uses.room_id", "=", roomId)
        .where("room_uses.place", ">", afterPlace)
        .whereRef("orders.product_id", "=", "products.id")
        .where("orders.active_slot", "is not", null)
        .as("held"),
      selectFrom("stock_returns")
        .select(({ fn }) => fn.coalesce(fn.sum<number | string>("stock_returns.quantity"), sql.lit(0)).as("units"))
        .where("stock_returns.applied_at_ms", "is", null)
        .whereRef("stock_returns.product_id", "=", "products.id")
        .whereRef("stock_returns.epoch", "=", "products.epoch")
        .as("returning"),
    ])
    .where("sale_id", "=", saleId)
    .where("paused", "=", 0)
    .execute();
}

function sum<One>(some: readonly One[], of: (one: One) => number): number {
  return some.reduce((total, one) => total + of(one), 0);
}
