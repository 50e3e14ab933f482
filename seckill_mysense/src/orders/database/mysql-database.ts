import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from "kysely";
import { createConnection } from "mysql2/promise";
import type { LedgerSchema } from "../schema.ts";
import type { LedgerDialect, OpenDatabase, TableDefinition } from "./ledger-database.ts";
import { MysqlDriver, type MysqlLimits, type MysqlPlace } from "./mysql-driver.ts";
import { mysqlFailureKind } from "./mysql-failure.ts";

const migrationLockSeconds = 60;
const accessDeniedToDatabase = 1044;

/** MySQL 8 or MariaDB 10.6 and later, with InnoDB. */
export function openMysqlDatabase(place: MysqlPlace, limits: MysqlLimits): OpenDatabase {
  const kysely = new Kysely<LedgerSchema>({
    dialect: {
      createDriver: () => new MysqlDriver(place, limits),
      createAdapter: () => new MysqlAdapter(),
      createQueryCompiler: () => new MysqlQueryCompiler(),
      createIntrospector: (database) => new MysqlIntrospector(database),
    },
  });
  return { kysely, dialect: mysqlDialect(place, limits), close: () => kysely.destroy() };
}

function mysqlDialect(place: MysqlPlace, { connectTimeoutMs }: MysqlLimits): LedgerDialect {
  return {
    name: "mysql",
    types: {
      id: "varchar(64)",
      integer: "bigint",
      sequence: "bigint not null auto_increment primary key",
      text: (maxLength) => `varchar(${maxLength})`,
    },
    createTable: ({ name, lines, indexes = {} }: TableDefinition) => {
      const keys = Object.entries(indexes).map(([index, columns]) => `key ${index} (${columns.join(", ")})`);
      const options = "engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin";
      return [`create table if not exists ${name} (\n  ${[...lines, ...keys].join(",\n  ")}\n) ${options}`];
    },
    locksRows: true,
    failureKind: mysqlFailureKind,
    async whileMigrating(kysely, work) {
      await createDatabase(place, connectTimeoutMs);
      await kysely.connection().execute((connection) => withNamedLock(connection, place.database, work));
    },
  };
}

/** DDL in MySQL commits by itself, so that a transaction cannot keep a second process out: a named lock does. */
async function withNamedLock(
  connection: Kysely<LedgerSchema>,
  database: string,
  work: (connection: Kysely<LedgerSchema>) => Promise<void>,
): Promise<void> {
  // Lock names are global to the server and at most 64 characters long.
  const lock = `ledger-migration-${Bun.hash(database).toString(16)}`;
  await takeNamedLock(connection, lock, database);
  try {
    await work(connection);
  } finally {
    // Where this fails, the connection is lost, and its locks with it.
    await sql`select release_lock(${lock})`.execute(connection).catch(() => {});
  }
}

/** In waits of a second, since one long wait would look like a frozen server. */
async function takeNamedLock(connection: Kysely<LedgerSchema>, lock: string, database: string): Promise<void> {
  for (let second = 0; second < migrationLockSeconds; second++) {
    const { rows } = await sql<{ got: number | null }>`select get_lock(${lock}, 1) as got`.execute(connection);
    if (rows[0]?.got === 1) return;
  }
  throw new Error(`another process has been migrating the database ${database} for ${migrationLockSeconds} s`);
}

async function createDatabase(place: MysqlPlace, connectTimeoutMs: number): Promise<void> {
  const { host, port, user, password, database } = place;
  const connection = await createConnection({ host, port, user, password, connectTimeout: connectTimeoutMs });
  try {
    const [found] = await connection.query("select 1 from information_schema.schemata where schema_name = ?", [database]);
    if ((found as unknown[]).length > 0) return;
    await connection.query("create database if not exists ?? character set utf8mb4 collate utf8mb4_bin", [database]);
  } catch (error) {
    if ((error as { errno?: number }).errno !== accessDeniedToDatabase) throw error;
    throw new Error(`no database ${database} that the user ${user} can see, and he may not create it`, { cause: error });
  } finally {
    connection.destroy();
  }
}
