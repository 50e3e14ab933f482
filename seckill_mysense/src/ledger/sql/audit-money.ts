import { sql } from "kysely";
import type { LedgerReader } from "../database/ledger-database.ts";

/** What is wrong with the money of a sale, in words; empty when every unit that was paid has its money, and the reverse. */
export async function findWrongMoney(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  return [
    ...(await paidOrdersWithoutMoney(snapshot, saleId)),
    ...(await moneyWithoutUnit(snapshot, saleId)),
    ...(await wrongRefunds(snapshot, saleId)),
    ...(await ordersThatWaitInVain(snapshot, saleId)),
  ];
}

/** Orders that no provider has paid say so: they are the reason without money. */
async function paidOrdersWithoutMoney(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const rows = await snapshot
    .selectFrom("orders")
    .leftJoin("payments", "payments.id", "orders.paid_with")
    .leftJoin("orders as payer", "payer.reservation_id", "payments.reservation_id")
    .select(["orders.reservation_id", "orders.paid_with", "payments.state"])
    .where("orders.sale_id", "=", saleId)
    .where("orders.state", "=", "paid")
    .where(sql<boolean>`coalesce(orders.paid_with, '') <> 'none'`)
    .where(
      // The payment of a bundle belongs to one of its orders.
      sql<boolean>`(coalesce(payments.state, '') <> 'succeeded' or coalesce(payer.bundle_id, payer.reservation_id) <>
        coalesce(orders.bundle_id, orders.reservation_id))`,
    )
    .execute();
  return rows.map(
    (row) =>
      `order ${row.reservation_id} is paid, but its payment ${row.paid_with ?? "(none)"} is ${row.state ?? "unknown"}`,
  );
}

async function moneyWithoutUnit(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const rows = await snapshot
    .selectFrom("payments")
    .innerJoin("orders", "orders.reservation_id", "payments.reservation_id")
    .select(["payments.id", "orders.reservation_id", "orders.state"])
    .where("orders.sale_id", "=", saleId)
    .where("payments.state", "=", "succeeded")
    .where(sql<boolean>`(orders.state <> 'paid' or coalesce(orders.paid_with, '') <> payments.id)`)
    .execute();
  return rows.map(
    (row) => `payment ${row.id} succeeded, but does not pay the order ${row.reservation_id}, which is ${row.state}`,
  );
}

/** A refund is wanted exactly for the payments that wait for one, and is confirmed for those that had one. */
async function wrongRefunds(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const rows = await snapshot
    .selectFrom("payments")
    .innerJoin("orders", "orders.reservation_id", "payments.reservation_id")
    .leftJoin("refunds", "refunds.payment_id", "payments.id")
    .select(["payments.id", "payments.state", "refunds.payment_id", "refunds.refunded_at_ms"])
    .where("orders.sale_id", "=", saleId)
    .where(({ eb, or, and }) =>
      or([
        and([
          eb("payments.state", "=", "refund_pending"),
          or([eb("refunds.payment_id", "is", null), eb("refunds.refunded_at_ms", "is not", null)]),
        ]),
        and([
          eb("payments.state", "!=", "refund_pending"),
          eb("refunds.payment_id", "is not", null),
          or([eb("payments.state", "!=", "refunded"), eb("refunds.refunded_at_ms", "is", null)]),
        ]),
      ]),
    )
    .execute();
  return rows.map((row) => {
    const refund =
      row.payment_id === null ? "no refund" : row.refunded_at_ms === null ? "a waiting refund" : "a refund";
    return `payment ${row.id} is ${row.state} and has ${refund}`;
  });
}

async function ordersThatWaitInVain(snapshot: LedgerReader, saleId: string): Promise<string[]> {
  const rows = await snapshot
    .selectFrom("orders")
    .leftJoin("payments", "payments.id", "orders.paid_with")
    .select(["orders.reservation_id", "orders.state", "payments.state as payment_state"])
    .where("orders.sale_id", "=", saleId)
    .where("orders.state", "in", ["refund_due", "refunded"])
    .where(sql<boolean>`coalesce(orders.paid_with, '') <> 'none'`)
    .where(
      sql<boolean>`coalesce(payments.state, '') <> case orders.state when 'refunded' then 'refunded' else 'refund_pending' end`,
    )
    .execute();
  return rows.map(
    (row) => `order ${row.reservation_id} is ${row.state}, but its payment is ${row.payment_state ?? "unknown"}`,
  );
}
