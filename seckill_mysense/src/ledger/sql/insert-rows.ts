import { CompiledQuery, type Insertable } from "kysely";
import type { LedgerTransaction } from "../database/ledger-database.ts";
import type { LedgerSchema } from "../database/schema.ts";

/**
 * Inserts many rows with the same columns. Kysely's own insert would build and freeze nodes for all the values, which is
 * most of the work on a batch of orders.
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
  const parameters = rows.flatMap((row) => columns.map((column) => row[column]));
  // Given to `raw`, the values would be frozen: for some thousand of them that takes longer than all else here.
  await transaction.executeQuery({ ...CompiledQuery.raw(text), parameters });
}
