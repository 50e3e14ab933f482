import { productOf } from "../../domain/buckets.ts";
import type { UnitMove } from "../changes.ts";
import type { Selectable } from "kysely";
import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import type { ProductRow } from "../database/schema.ts";
import { type LockedProduct, lockProducts } from "./lock-products.ts";

interface MoveAttempt {
  readonly revision: number;
  /** The revision of an attempt before, whose answer was lost. */
  readonly earlier: number | undefined;
  readonly locksRows: boolean;
}

/**
 * Asks for units to go from one bucket to another. Resolves with the bucket that gives them, or undefined if it cannot.
 * A bucket is in one move at a time, because a move states the total that the bucket is to have.
 */
export async function askForMove(
  transaction: LedgerTransaction,
  { from, to, units }: UnitMove,
  { revision, earlier, locksRows }: MoveAttempt,
): Promise<LockedProduct | undefined> {
  const ids = (await readBuckets(transaction, from)).map(({ id }) => id);
  const rows = await lockProducts(transaction, ids, locksRows);
  const [giver, taker] = [rows.get(from), rows.get(to)];
  if (giver === undefined || taker === undefined || giver === taker) return undefined;
  // Otherwise the caller would take the units from another bucket as well.
  if (giver.lowering_for === to && giver.lowering_since === earlier) return giver;
  const isMoving = giver.lowering_to !== null || taker.lowering_to !== null;
  const isAwaited = [...rows.values()].some(({ lowering_for }) => lowering_for === from);
  const most = giver.total - giver.reserved - giver.sold;
  if (isMoving || isAwaited || units < 1 || units > most) return undefined;
  const columns = { lowering_to: giver.total - units, lowering_since: revision, lowering_for: to, revision };
  await transaction.updateTable("products").set(columns).where("id", "=", from).execute();
  return { ...giver, ...columns };
}

export async function readBuckets(database: LedgerReader, bucketId: string): Promise<Selectable<ProductRow>[]> {
  const id = productOf(bucketId);
  // "$" is the character after "#".
  return database
    .selectFrom("products")
    .selectAll()
    .where(({ eb, and, or }) => or([eb("id", "=", id), and([eb("id", ">", `${id}#`), eb("id", "<", `${id}$`)])]))
    .execute();
}
