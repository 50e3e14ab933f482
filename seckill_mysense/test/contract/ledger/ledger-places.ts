import { rmSync } from "node:fs";
import { join } from "node:path";
import { freshMysqlDatabase, requireService, temporaryFolder } from "../../../../tools/test-services/index.ts";
import type { OpenDatabase } from "../../../src/ledger/database/ledger-database.ts";
import { openMysqlDatabase } from "../../../src/ledger/database/mysql-database.ts";
import { openSqliteDatabase } from "../../../src/ledger/database/sqlite-database.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { defaultMysqlLimits, mysqlLedger, type MysqlLedgerOptions } from "../../../src/ledger/mysql-ledger.ts";
import { sqliteLedger, type SqliteLedgerOptions } from "../../../src/ledger/sqlite-ledger.ts";
import type { SqlLedgerOptions } from "../../../src/ledger/sql/sql-ledger.ts";

/** A separate database for one group of tests. Each `connect` stands for another process. */
export interface LedgerPlace {
  connect(options?: SqlLedgerOptions): Ledger;
  /** The bare database, for tests below the ledger. The caller closes it. */
  open(): OpenDatabase;
  /** Closes all ledgers and removes the database. */
  remove(): Promise<void>;
}

export interface LedgerKind {
  readonly name: string;
  /** Why its tests are skipped here; empty when they run. */
  readonly skipped: string;
  create(): Promise<LedgerPlace>;
}

const mariadb = requireService("mariadb");

/** All ledgers that the contract suites run on. */
export const ledgerKinds: readonly LedgerKind[] = [
  { name: "SQLite", skipped: "", create: createSqlitePlace },
  { name: "MySQL", skipped: mariadb.reason, create: createMysqlPlace },
];

async function createSqlitePlace(): Promise<LedgerPlace> {
  const folder = temporaryFolder("ledger");
  const file = join(folder, "ledger.sqlite");
  const connected: Ledger[] = [];
  return {
    open: () => openSqliteDatabase({ file, busyTimeoutMs: 10 }),
    connect(options = {}) {
      const place: SqliteLedgerOptions = { file, ...options };
      connected.push(sqliteLedger(place));
      return connected.at(-1) as Ledger;
    },
    async remove() {
      for (const ledger of connected) await ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createMysqlPlace(): Promise<LedgerPlace> {
  const database = await freshMysqlDatabase();
  const connected: Ledger[] = [];
  return {
    open: () => openMysqlDatabase(database, defaultMysqlLimits),
    connect(options = {}) {
      const place: MysqlLedgerOptions = { ...database, poolSize: 4, ...options };
      connected.push(mysqlLedger(place));
      return connected.at(-1) as Ledger;
    },
    async remove() {
      for (const ledger of connected) await ledger.close();
      await database.drop();
    },
  };
}
