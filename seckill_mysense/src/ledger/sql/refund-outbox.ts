import { type Selectable, sql } from "kysely";
import type { Refund, RefundRecord } from "../../domain/payment.ts";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { PaymentRow, RefundRow } from "../database/schema.ts";
import type { RefundFigures } from "../payments.ts";
import { lockPayments } from "./apply-payment-events.ts";
import { lockOrders } from "./lock-orders.ts";
import { paidTogether } from "./purchases.ts";
import { confirmRefunds } from "./refund-rows.ts";

const maxErrorLength = 500;
const maxBy = 100;
const maxNote = 200;

/** The next try is written before this one, so that two processes send different refunds. */
export async function takeRefunds(
  transaction: LedgerTransaction,
  taking: {
    readonly nowMs: number;
    readonly tryAgainMs: number;
    readonly limit: number;
    readonly providers: readonly string[] | undefined;
    readonly locksRows: boolean;
  },
): Promise<Refund[]> {
  const { nowMs, tryAgainMs, limit, providers, locksRows } = taking;
  const due = await transaction
    .selectFrom("refunds")
    .selectAll()
    .where("refunded_at_ms", "is", null)
    .where("held_at_ms", "is", null)
    .where("try_at_ms", "<=", nowMs)
    .$if(providers !== undefined, (query) =>
      query.where("payment_id", "in", ({ selectFrom }) =>
        selectFrom("payments")
          .select("id")
          .where("state", "=", "refund_pending")
          .where("provider", "in", providers ?? []),
      ),
    )
    .orderBy("try_at_ms")
    .limit(limit)
    .$if(locksRows, (query) => query.forUpdate().skipLocked())
    .execute();
  if (due.length === 0) return [];
  const ids = due.map((row) => row.payment_id);
  await transaction
    .updateTable("refunds")
    .set(({ eb }) => ({ try_at_ms: tryAgainMs, tries: eb("tries", "+", 1) }))
    .where("payment_id", "in", ids)
    .execute();
  const payments = await readPayments(transaction, ids);
  return due.map((row) => toRefund({ ...row, tries: row.tries + 1 }, payments.get(row.payment_id)!));
}

type PaymentOf = Pick<PaymentRow, "id" | "provider" | "provider_id" | "reservation_id">;

async function readPayments(database: LedgerReader, ids: readonly string[]): Promise<Map<string, PaymentOf>> {
  if (ids.length === 0) return new Map();
  const rows = await database
    .selectFrom("payments")
    .select(["id", "provider", "provider_id", "reservation_id"])
    .where("id", "in", ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

function toRefund(row: Selectable<RefundRow>, { provider, provider_id }: PaymentOf): Refund {
  return {
    paymentId: row.payment_id,
    provider,
    providerId: provider_id ?? undefined,
    amountMinor: row.amount_minor,
    currency: row.currency,
    reason: row.reason,
    tries: row.tries,
    retries: row.retries,
    requestedAtMs: row.requested_at_ms,
  };
}

export async function listRefunds(
  database: LedgerReader,
  wanted: { readonly state?: RefundRecord["state"]; readonly paymentId?: string; readonly limit: number },
): Promise<RefundRecord[]> {
  const { state, paymentId, limit } = wanted;
  const rows = await database
    .selectFrom("refunds")
    .selectAll()
    .$if(paymentId !== undefined, (query) => query.where("payment_id", "=", paymentId ?? ""))
    .$if(state === "done", (query) => query.where("refunded_at_ms", "is not", null))
    .$if(state === "held", (query) => query.where("refunded_at_ms", "is", null).where("held_at_ms", "is not", null))
    .$if(state === "waiting", (query) => query.where("refunded_at_ms", "is", null).where("held_at_ms", "is", null))
    .orderBy("requested_at_ms")
    .orderBy("payment_id")
    .limit(limit)
    .execute();
  const payments = await readPayments(
    database,
    rows.map((row) => row.payment_id),
  );
  return rows.map((row) => {
    const payment = payments.get(row.payment_id)!;
    return {
      ...toRefund(row, payment),
      reservationId: payment.reservation_id,
      state: row.refunded_at_ms !== null ? "done" : row.held_at_ms !== null ? "held" : "waiting",
      tryAtMs: row.try_at_ms,
      lastError: row.last_error ?? undefined,
      heldAtMs: row.held_at_ms ?? undefined,
      refundedAtMs: row.refunded_at_ms ?? undefined,
      settledBy: row.settled_by ?? undefined,
      settledNote: row.settled_note ?? undefined,
    };
  });
}

/** A held refund has failed at the provider, so that a further one is needed there. */
export async function retryRefund(database: LedgerReader, paymentId: string, nowMs: number): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable("refunds")
    .set({ try_at_ms: nowMs, retries: sql<number>`retries + case when held_at_ms is null then 0 else 1 end` })
    .where("payment_id", "=", paymentId)
    .where("refunded_at_ms", "is", null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await database.updateTable("refunds").set({ held_at_ms: null }).where("payment_id", "=", paymentId).execute();
  return true;
}

/** Settling it again with the same words is confirmed: an earlier attempt was committed, but its answer was lost. */
export async function settleRefund(
  transaction: LedgerTransaction,
  paymentId: string,
  settlement: { readonly by: string; readonly note: string; readonly locksRows: boolean; readonly nowMs: number },
): Promise<boolean> {
  const by = settlement.by.slice(0, maxBy);
  const note = settlement.note.slice(0, maxNote);
  if (await markRefunded(transaction, paymentId, settlement)) {
    await transaction
      .updateTable("refunds")
      .set({ settled_by: by, settled_note: note })
      .where("payment_id", "=", paymentId)
      .execute();
    return true;
  }
  const same = await transaction
    .selectFrom("refunds")
    .select("payment_id")
    .where("payment_id", "=", paymentId)
    .where("refunded_at_ms", "is not", null)
    .where("settled_by", "=", by)
    .where("settled_note", "=", note)
    .executeTakeFirst();
  return same !== undefined;
}

/** Repeating it changes nothing: only a pending refund ends. @returns whether it did */
export async function markRefunded(
  transaction: LedgerTransaction,
  paymentId: string,
  { locksRows, nowMs }: { readonly locksRows: boolean; readonly nowMs: number },
): Promise<boolean> {
  const found = await transaction
    .selectFrom("payments")
    .select("reservation_id")
    .where("id", "=", paymentId)
    .executeTakeFirst();
  if (found === undefined) return false;
  const ids = paidTogether(found.reservation_id);
  const order = (await lockOrders(transaction, ids, locksRows)).get(found.reservation_id);
  const payment = (await lockPayments(transaction, [paymentId], locksRows)).get(paymentId);
  if (payment?.state !== "refund_pending") return false;
  await transaction
    .updateTable("payments")
    .set({ state: "refunded", decided_at_ms: nowMs })
    .where("id", "=", paymentId)
    .execute();
  const isCalledOff = order?.state === "refund_due" && order.paid_with === paymentId;
  const reservationIds = isCalledOff ? ids : [];
  await confirmRefunds(transaction, { paymentIds: [paymentId], reservationIds, nowMs });
  return true;
}

export async function markRefundFailed(
  database: LedgerReader,
  paymentId: string,
  { error, tryAtMs, heldAtMs }: { readonly error: string; readonly tryAtMs: number; readonly heldAtMs: number | null },
): Promise<void> {
  await database
    .updateTable("refunds")
    .set({ last_error: error.toWellFormed().slice(0, maxErrorLength), try_at_ms: tryAtMs, held_at_ms: heldAtMs })
    .where("payment_id", "=", paymentId)
    .where("refunded_at_ms", "is", null)
    .execute();
}

export async function readRefunds(database: LedgerReader): Promise<RefundFigures> {
  const { waiting, failing, held, oldest } = await database
    .selectFrom("refunds")
    .select(({ fn }) => [
      fn.countAll<number>().as("waiting"),
      fn.count<number>("last_error").as("failing"),
      fn.count<number>("held_at_ms").as("held"),
      fn.min("requested_at_ms").as("oldest"),
    ])
    .where("refunded_at_ms", "is", null)
    .executeTakeFirstOrThrow();
  return { waiting, failing, held, oldestMs: oldest ?? undefined };
}
