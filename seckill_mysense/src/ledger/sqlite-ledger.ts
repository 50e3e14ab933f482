import { openSqliteDatabase } from "./database/sqlite-database.ts";
import type { Ledger } from "./ledger.ts";
import { sqlLedger, type SqlLedgerOptions } from "./sql/sql-ledger.ts";

export interface SqliteLedgerOptions extends SqlLedgerOptions {
  /** The database file, created with its folder where missing; ":memory:" for one that ends with the process. */
  readonly file: string;
  /** How long a statement may block this process while another process writes; after that the ledger retries. */
  readonly busyTimeoutMs?: number;
}

/** A ledger in one file, for one machine. Every commit is on disk before its call returns. */
export function sqliteLedger({ file, busyTimeoutMs = 10, ...options }: SqliteLedgerOptions): Ledger {
  return sqlLedger(openSqliteDatabase({ file, busyTimeoutMs }), options);
}
