import type { ColumnTypes, LedgerDialect } from "../database/ledger-database.ts";

/** A column that a step adds to an existing table. It may be null, because the table may have rows. */
export interface AddedColumn {
  readonly table: string;
  readonly column: string;
  readonly type: string;
}

/** One step of the schema. A released step never changes; later changes are further steps. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Added before the statements run, as far as they are missing. */
  columns?(types: ColumnTypes): readonly AddedColumn[];
  /**
   * Run in order. MySQL commits after each statement, and a process can die between two of them: so running a statement
   * again must change nothing.
   */
  statements(dialect: LedgerDialect): string[];
}
