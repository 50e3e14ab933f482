import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from "kysely";
import type { LedgerSchema } from "./schema.ts";
import type { LedgerDialect, OpenDatabase, TableDefinition } from "./ledger-database.ts";
import { MysqlConnection, type MysqlPlace } from "./mysql-connection.ts";
import { MysqlDriver } from "./mysql-driver.ts";
import { mysqlFailureKind } from "./mysql-failure.ts";
import { MysqlPool, type MysqlLimits } from "./mysql-pool.ts";

const migrationLockSeconds = 60;
const accessDeniedToDatabase = 1044;

export type DatabasePlace = Required<MysqlPlace>;

/** MySQL 8 or MariaDB 10.6 and later, with InnoDB. */
export function openMysqlDatabase(place: DatabasePlace, limits: MysqlLimits): OpenDatabase {
  const { host, port, user, password, database } = place;
  const pool = new MysqlPool({ host, port, user, password, database }, limits);
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
      sequence: "bigint not null auto_increment primary key",
      text: (maxLength) => `varchar(${maxLength})`,
    },
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
    async whileMigrating(kysely, work) {
      await createDatabase(place, limits);
      await kysely.connection().execute((connection) => withNamedLock(connection, place.database, work));
    },
  };
}

/** MySQL 8 has no ADD COLUMN IF NOT EXISTS, so the statement is chosen by a look at the schema. */
function alterOnce(
  table: string,
  change: string,
  present: { readonly view: string; readonly column: string; readonly name: string },
): string[] {
  const found = `table_schema = database() and table_name = '${table}' and ${present.column} = '${present.name}'`;
  const choice = `if(count(*) = 0, 'alter table ${table} ${change}', 'do 0')`;
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

async function createDatabase(
  { host, port, user, password, database }: DatabasePlace,
  limits: MysqlLimits,
): Promise<void> {
  const connection = await MysqlConnection.open({ host, port, user, password }, limits);
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
