import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import { openSqliteDatabase } from "../../src/ledger/database/sqlite-database.ts";
import { SqliteDriver } from "../../src/ledger/database/sqlite-driver.ts";
import type { LedgerSchema } from "../../src/ledger/database/schema.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqlLedger } from "../../src/ledger/sql/sql-ledger.ts";

/** A ledger in memory, with the statements that it has run. */
export async function recordingLedger(): Promise<{ readonly ledger: Ledger; readonly statements: string[] }> {
  const place = { file: ":memory:", busyTimeoutMs: 10 };
  const statements: string[] = [];
  const kysely = new Kysely<LedgerSchema>({
    dialect: {
      createDriver: () => new SqliteDriver(place),
      createAdapter: () => new SqliteAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (database) => new SqliteIntrospector(database),
    },
    log({ query }) {
      statements.push(query.sql);
    },
  });
  const { dialect } = openSqliteDatabase(place);
  const ledger = sqlLedger({ kysely, dialect, close: () => kysely.destroy() }, {});
  await ledger.migrate();
  return { ledger, statements };
}
