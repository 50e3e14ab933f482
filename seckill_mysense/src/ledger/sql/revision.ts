import type { LedgerReader, LedgerTransaction } from "../database/ledger-database.ts";
import { LedgerCorruptionError } from "../ledger-errors.ts";

/**
 * Raises the ledger's revision, and locks it until the end of the transaction. Changes therefore commit in the order of
 * their revisions, so that a reader who knows a revision has seen all changes up to it. To be called before any product
 * is locked.
 */
export async function raiseRevision(transaction: LedgerTransaction): Promise<number> {
  await transaction
    .updateTable("ledger_revision")
    .set(({ eb }) => ({ revision: eb("revision", "+", 1) }))
    .where("id", "=", 1)
    .execute();
  return readRevision(transaction);
}

export async function readRevision(database: LedgerReader): Promise<number> {
  const row = await database.selectFrom("ledger_revision").select("revision").where("id", "=", 1).executeTakeFirst();
  if (row === undefined) throw new LedgerCorruptionError("the ledger has no revision: its only row was deleted");
  return row.revision;
}
