import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from "kysely";
import type { LedgerSchema } from "./schema.ts";
import type { FailureKind, LedgerDialect, OpenDatabase, TableDefinition } from "./ledger-database.ts";
import { SqliteDriver, type SqlitePlace } from "./sqlite-driver.ts";

export function openSqliteDatabase(place: SqlitePlace): OpenDatabase {
  const kysely = new Kysely<LedgerSchema>({
    dialect: {
      createDriver: () => new SqliteDriver(place),
      createAdapter: () => new SqliteAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (database) => new SqliteIntrospector(database),
    },
  });
  return { kysely, dialect: sqliteDialect, close: () => kysely.destroy() };
}

const sqliteDialect: LedgerDialect = {
  name: "sqlite",
  types: {
    id: "text",
    integer: "integer",
    bytes: "blob",
    fixedBytes: () => "blob",
    sequence: "integer primary key autoincrement",
    text: () => "text",
  },
  nowMs: "cast(unixepoch('subsec') * 1000 as integer)",
  createTable: ({ name, lines, indexes = {} }: TableDefinition) => [
    // STRICT: without it a column takes values of any type.
    `create table if not exists ${name} (\n  ${lines.join(",\n  ")}\n) strict`,
    ...Object.entries(indexes).map(
      ([index, columns]) => `create index if not exists ${index} on ${name} (${columns.join(", ")})`,
    ),
  ],
  addColumn: (table, column, definition) => [`alter table ${table} add column ${column} ${definition}`],
  addIndex: (table, index, columns) => [`create index if not exists ${index} on ${table} (${columns.join(", ")})`],
  locksRows: false,
  failureKind: sqliteFailureKind,
  durabilityRisk: async () => undefined,
  whileMigrating: (kysely, work) => kysely.transaction().execute(work),
};

function sqliteFailureKind(error: unknown): FailureKind {
  const { code = "" } = error as { code?: string };
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return "contended";
  if (code === "SQLITE_CONSTRAINT_PRIMARYKEY" || code === "SQLITE_CONSTRAINT_UNIQUE") return "duplicate_key";
  if (["SQLITE_CONSTRAINT_CHECK", "SQLITE_CONSTRAINT_DATATYPE", "SQLITE_TOOBIG"].includes(code)) return "refused_value";
  return "other";
}
