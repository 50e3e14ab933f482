import { partIds, partOf, type Bundle, type BundleReason } from "../../domain/bundle.ts";
import type { DecidedBundles, KnownBundle } from "../../domain/bundle-plan.ts";
import type { Insertable, Selectable } from "kysely";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { BundleRow } from "../database/schema.ts";

export type StoredBundle = Selectable<BundleRow>;

export interface BundleContext {
  readonly locksRows: boolean;
  readonly nowMs: number;
  readonly payWithinMs: number;
  /** How long a bundle may wait for its last part. */
  readonly collectWithinMs: number;
}

/** A message that may be a part of a bundle, as far as it can be read. */
interface PossiblePart {
  readonly reservationId: string | undefined;
  readonly saleId: string | undefined;
  readonly userId: string | undefined;
}

/**
 * Locks the bundles of a batch's parts until the end of the transaction, and writes down those that are new. The caller
 * holds the products: locks are taken in the order products, bundles, orders, payments. Empty, without a query, when no
 * reservation is a part.
 */
export async function lockBundles(
  transaction: LedgerTransaction,
  entries: readonly PossiblePart[],
  context: Omit<BundleContext, "payWithinMs">,
): Promise<Map<string, KnownBundle>> {
  const wanted = bundlesOf(entries);
  if (wanted.size === 0) return new Map();
  const named = [...wanted.values()].filter((bundle) => bundle !== undefined);
  await insertMissing(transaction, named, context);
  return lockRows(transaction, [...wanted.keys()], context.locksRows);
}

/**
 * The same for requests that may still be refused: those bundles are written down that get a part. Several processes may
 * find that a bundle is new; all but one of them then fail at its key, and look again.
 */
export async function lockAskedBundles(
  transaction: LedgerTransaction,
  requests: readonly Required<PossiblePart>[],
  { locksRows }: Pick<BundleContext, "locksRows">,
): Promise<{ readonly bundles: ReadonlyMap<string, KnownBundle>; readonly isNew: (bundleId: string) => boolean }> {
  const wanted = bundlesOf(requests);
  if (wanted.size === 0) return { bundles: new Map(), isNew: () => false };
  const known = await lockRows(transaction, [...wanted.keys()], locksRows);
  const bundles = new Map(known);
  for (const [id, bundle] of wanted) {
    if (bundle !== undefined && !known.has(id)) bundles.set(id, { ...bundle, state: "collecting" });
  }
  return { bundles, isNew: (bundleId) => !known.has(bundleId) };
}

/** @throws an error of kind `duplicate_key` if one is written down already */
export async function insertBundles(
  transaction: LedgerTransaction,
  bundles: readonly Bundle[],
  context: Pick<BundleContext, "nowMs" | "collectWithinMs">,
): Promise<void> {
  if (bundles.length > 0) await transaction.insertInto("bundles").values(rowsOf(bundles, context)).execute();
}

/** Undefined for a bundle of which not enough can be read to write it down. */
function bundlesOf(entries: readonly PossiblePart[]): Map<string, Bundle | undefined> {
  const wanted = new Map<string, Bundle | undefined>();
  for (const { reservationId, saleId, userId } of entries) {
    const part = reservationId === undefined ? undefined : partOf(reservationId);
    if (part === undefined || wanted.get(part.bundleId) !== undefined) continue;
    const { bundleId, parts } = part;
    const isNamed = saleId !== undefined && userId !== undefined;
    wanted.set(bundleId, isNamed ? { bundleId, saleId, userId, parts } : undefined);
  }
  return wanted;
}

/**
 * Locks the rows that are there as well, in the order of ids. An insert that only ignored them would lock them weakly, and
 * two transactions that both want more would then end in a deadlock.
 */
async function insertMissing(
  transaction: LedgerTransaction,
  bundles: readonly Bundle[],
  context: Omit<BundleContext, "payWithinMs">,
): Promise<void> {
  if (bundles.length === 0) return;
  const insert = transaction.insertInto("bundles").values(rowsOf(bundles, context));
  await (context.locksRows
    ? insert.onDuplicateKeyUpdate(({ ref }) => ({ id: ref("bundles.id") })).execute()
    : insert.onConflict((conflict) => conflict.doNothing()).execute());
}

/** In the order of ids. */
function rowsOf(
  bundles: readonly Bundle[],
  { nowMs, collectWithinMs }: Pick<BundleContext, "nowMs" | "collectWithinMs">,
): Insertable<BundleRow>[] {
  const rows = bundles.map(({ bundleId, saleId, userId, parts }) => ({
    ...{ id: bundleId, sale_id: saleId, user_id: userId, parts },
    ...{ state: "collecting" as const, reason: null },
    ...{ created_at_ms: nowMs, collect_before_ms: nowMs + collectWithinMs, decided_at_ms: null },
  }));
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function lockRows(
  transaction: LedgerTransaction,
  ids: readonly string[],
  locksRows: boolean,
): Promise<Map<string, KnownBundle>> {
  const rows = await transaction
    .selectFrom("bundles")
    .selectAll()
    .where("id", "in", ids)
    .orderBy("id")
    .$if(locksRows, (query) => query.forUpdate())
    .execute();
  return new Map(rows.map((row) => [row.id, toBundle(row)]));
}

export function toBundle(row: StoredBundle): KnownBundle {
  return { bundleId: row.id, saleId: row.sale_id, userId: row.user_id, parts: row.parts, state: row.state };
}

/** Those of the reservations that have an order, in whatever state. */
export async function readRecorded(transaction: LedgerTransaction, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await transaction
    .selectFrom("orders")
    .select("reservation_id")
    .where("reservation_id", "in", ids)
    .execute();
  return new Set(rows.map((row) => row.reservation_id));
}

/** Writes what a batch has decided. All parts of a complete bundle are to be paid before the same moment. */
export async function writeBundles(
  transaction: LedgerTransaction,
  { completed, broken }: DecidedBundles,
  { nowMs, payWithinMs }: Pick<BundleContext, "nowMs" | "payWithinMs">,
): Promise<void> {
  if (completed.size > 0) {
    const ids = [...completed.keys()];
    await transaction
      .updateTable("bundles")
      .set({ state: "complete", decided_at_ms: nowMs })
      .where("id", "in", ids)
      .execute();
    const orders = [...completed.values()].flatMap(partIds);
    await transaction
      .updateTable("orders")
      .set({ pay_before_ms: nowMs + payWithinMs })
      .where("reservation_id", "in", orders)
      .execute();
  }
  for (const [reason, some] of Map.groupBy(broken, ([, reason]) => reason)) {
    const ids = some.map(([id]) => id);
    await breakBundles(transaction, ids, { reason, nowMs });
  }
}

/** Only those that are collecting. @returns how many */
export async function breakBundles(
  transaction: LedgerTransaction,
  ids: readonly string[],
  { reason, nowMs }: { readonly reason: BundleReason; readonly nowMs: number },
): Promise<number> {
  const { numUpdatedRows } = await transaction
    .updateTable("bundles")
    .set({ state: "broken", reason, decided_at_ms: nowMs, release_pending: 1 })
    .where("id", "in", ids)
    .where("state", "=", "collecting")
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}
