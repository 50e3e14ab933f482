import { CompiledQuery, type Insertable } from "kysely";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { LedgerSchema } from "../database/schema.ts";

/**
 * Inserts many rows with the same columns. Kysely's own insert builds, freezes and visits a node for every value: for a
 * batch of orders that took longer than all other work on its statements.
 */
export async function insertRows<Table extends keyof LedgerSchema>(
  transaction: LedgerTransaction,
  table: Table,
  rows: readonly Insertable<LedgerSchema[Table]>[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first) as (keyof typeof first)[];
  const places = `(${columns.map(() => "?").join(", ")})`;
  const text = `insert into ${table} (${columns.join(", ")}) values ${rows.map(() => places).join(", ")}`;
  const values = rows.flatMap((row) => columns.map((column) => row[column]));
  await transaction.executeQuery(CompiledQuery.raw(text, values));
}
