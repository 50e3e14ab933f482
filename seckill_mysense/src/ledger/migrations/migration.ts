import type { LedgerDialect } from "../database/ledger-database.ts";

/** One step of the schema. Once released it never changes; what comes later is a further step. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /**
   * Run in order. MySQL commits after each, and a process can die in between: each must change nothing when it is run
   * again.
   */
  statements(dialect: LedgerDialect): string[];
}
