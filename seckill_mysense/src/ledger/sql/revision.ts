import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";

/** Each has a counter of its own, so that neither waits for the other. */
const rowIds = { sales: 1, revocations: 2 } as const;
type Revised = keyof typeof rowIds;

/**
 * Locks the ledger's revision until the end of the transaction. Changes therefore commit in the order of their
 * revisions, so that a reader who knows a revision has seen all changes up to it. To be called before any product is
 * locked. Resolves with the revision of the changes that this transaction makes: if it makes any, it calls
 * `raiseRevision`. Otherwise the revision stays, and readers have nothing to read.
 */
export async function lockRevision(
  transaction: LedgerTransaction,
  { locksRows }: { readonly locksRows: boolean },
  of: Revised = "sales",
): Promise<number> {
  return (await select(transaction, of, locksRows)) + 1;
}

/** Tells readers that there are changes up to this revision, which is the one that `lockRevision` gave. */
export async function raiseRevision(
  transaction: LedgerTransaction,
  revision: number,
  of: Revised = "sales",
): Promise<void> {
  await transaction.updateTable("ledger_revision").set({ revision }).where("id", "=", rowIds[of]).execute();
}

export function readRevision(database: LedgerReader, of: Revised = "sales"): Promise<number> {
  return select(database, of, false);
}

/**
 * The revision after which a reader gets changes: what it knows. A reader that knows more than the ledger has gets everything, -1:
 * the ledger was put back to a copy, and what is changed in it now has numbers that were used before.
 */
export function knownBefore(revision: number, known: number): number {
  return known > revision ? -1 : known;
}

async function select(database: LedgerReader, of: Revised, isLocked: boolean): Promise<number> {
  const row = await database
    .selectFrom("ledger_revision")
    .select("revision")
    .where("id", "=", rowIds[of])
    .$if(isLocked, (query) => query.forUpdate())
    .executeTakeFirst();
  if (row === undefined)
    throw new LedgerCorruptionError(`the ledger has no revision of its ${of}: the row was deleted`);
  return row.revision;
}
