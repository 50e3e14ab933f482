import type { LedgerDialect } from "../database/ledger-database.ts";

/** One step of the schema. A released step never changes; later changes are further steps. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /**
   * Run in order. MySQL commits after each statement, and a process can die between two of them: so running a statement
   * again must change nothing.
   */
  statements(dialect: LedgerDialect): string[];
}
