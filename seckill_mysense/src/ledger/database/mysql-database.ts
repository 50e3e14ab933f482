import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from "kysely";
import type { LedgerSchema } from "./schema.ts";
import type { LedgerDialect, OpenDatabase, TableDefinition } from "./ledger-database.ts";
import { MysqlConnection, type MysqlPlace } from "./mysql-connection.ts";
import { MysqlDriver } from "./mysql-driver.ts";
import { mysqlFailureKind } from "./mysql-failure.ts";
import { MysqlPool, type MysqlLimits } from "./mysql-pool.ts";

const migrationLockSeconds = 60;
const accessDeniedToDatabase = 1044;

export type DatabasePlace = MysqlPlace & { readonly database: string };

/** MySQL 8 or MariaDB 10.6 and later, with InnoDB. */
export function openMysqlDatabase(place: DatabasePlace, limits: MysqlLimits): OpenDatabase {
  const pool = new MysqlPool(place, limits);
  const kysely = new Kysely<LedgerSchema>({
    dialect: {
      createDriver: () => new MysqlDriver(pool),
      createAdapter: () => new MysqlAdapter(),
      createQueryCompiler: () => new MysqlQueryCompiler(),
      createIntrospector: (database) => new MysqlIntrospector(database),
    },
  });
  return { kysely, dialect: mysqlDialect(place, limits), close: () => kysely.destroy() };
}

function mysqlDialect(place: DatabasePlace, limits: MysqlLimits): LedgerDialect {
  return {
    name: "mysql",
    types: {
      id: "varchar(64)",
      integer: "bigint",
      // blob holds 65,535 bytes, one less than are kept.
      bytes: "mediumblob",
      fixedBytes: (length) => `binary(${length})`,
      sequence: "bigint not null auto_increment primary key",
      text: (maxLength) => `varchar(${maxLength})`,
    },
    nowMs: "cast(unix_timestamp(now(3)) * 1000 as signed)",
    createTable: ({ name, lines, indexes = {} }: TableDefinition) => {
      const keys = Object.entries(indexes).map(([index, columns]) => `key ${index} (${columns.join(", ")})`);
      const options = "engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin";
      return [`create table if not exists ${name} (\n  ${[...lines, ...keys].join(",\n  ")}\n) ${options}`];
    },
    addColumn: (table, column, definition) =>
      alterOnce(table, `add column ${column} ${definition}`, { view: "columns", column: "column_name", name: column }),
    addIndex: (table, index, columns) =>
      alterOnce(table, `add index ${index} (${columns.join(", ")})`, {
        view: "statistics",
        column: "index_name",
        name: index,
      }),
    locksRows: true,
    failureKind: mysqlFailureKind,
    async durabilityRisk(kysely) {
      const { rows } = await sql<Durability>`
        select @@innodb_flush_log_at_trx_commit as flush, @@log_bin as logs, @@sync_binlog as sync
      `.execute(kysely);
      return rows[0] && describeRisk(rows[0]);
    },
    async whileMigrating(kysely, work) {
      await createDatabase(place, limits);
      await kysely.connection().execute((connection) => withNamedLock(connection, place.database, work));
    },
  };
}

interface Durability {
  readonly flush: number;
  /** Whether the server keeps a binary log. */
  readonly logs: number;
  /** After how many commits the binary log is on the disk; 0: whenever the operating system writes it. */
  readonly sync: number;
}

/**
 * A server with a binary log puts only the first half of a commit on the disk. After a crash it keeps those transactions
 * that it finds in the binary log, and rolls the others back.
 */
function describeRisk({ flush, logs, sync }: Durability): string | undefined {
  const lost = 'a power failure loses orders whose buyers were told "won"; it must be 1';
  if (flush !== 1) return `innodb_flush_log_at_trx_commit is ${flush}: ${lost}`;
  return logs === 1 && sync !== 1 ? `sync_binlog is ${sync}, and the server has a binary log: ${lost}` : undefined;
}

/** MySQL 8 has no ADD COLUMN IF NOT EXISTS, so the statement is chosen by a look at the schema. */
function alterOnce(
  table: string,
  change: string,
  present: { readonly view: string; readonly column: string; readonly name: string },
): string[] {
  const found = `table_schema = database() and table_name = '${table}' and ${present.column} = '${present.name}'`;
  const alter = `alter table ${table} ${change}`.replaceAll("'", "''");
  const choice = `if(count(*) = 0, '${alter}', 'do 0')`;
  return [
    `set @step = (select ${choice} from information_schema.${present.view} where ${found})`,
    "prepare step from @step",
    "execute step",
    "deallocate prepare step",
  ];
}

/** DDL in MySQL commits implicitly, so a transaction cannot keep a second process out; a named lock does. */
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
    // If this fails, the connection is lost, and the server has released its locks.
    await sql`select release_lock(${lock})`.execute(connection).catch(() => {});
  }
}

/** Waits one second at a time, because one long wait would look like a frozen server. */
async function takeNamedLock(connection: Kysely<LedgerSchema>, lock: string, database: string): Promise<void> {
  for (let second = 0; second < migrationLockSeconds; second++) {
    const { rows } = await sql<{ got: number | null }>`select get_lock(${lock}, 1) as got`.execute(connection);
    if (rows[0]?.got === 1) return;
  }
  throw new Error(`another process has been migrating the database ${database} for ${migrationLockSeconds} s`);
}

async function createDatabase({ database, ...server }: DatabasePlace, limits: MysqlLimits): Promise<void> {
  const { user } = server;
  const connection = await MysqlConnection.open(server, limits);
  try {
    const found = await connection.run("select 1 from information_schema.schemata where schema_name = ?", [database]);
    if ((found as unknown[]).length > 0) return;
    const name = `\`${database.replaceAll("`", "``")}\``;
    await connection.run(`create database if not exists ${name} character set utf8mb4 collate utf8mb4_bin`);
  } catch (error) {
    if ((error as { errno?: number }).errno !== accessDeniedToDatabase) throw error;
    throw new Error(`no database ${database} that the user ${user} can see or may create`, {
      cause: error,
    });
  } finally {
    connection.destroy();
  }
}
