import { sql, type Kysely } from "kysely";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { LedgerSchema } from "../database/schema.ts";
import { bookOfOrders } from "./0001-book-of-orders.ts";
import { recoveryOfGates } from "./0002-recovery-of-gates.ts";
import type { Migration } from "./migration.ts";

/** In the order of their versions, without gaps. */
export const migrations: readonly Migration[] = [bookOfOrders, recoveryOfGates];

/** Runs the steps that the database is missing. Throws when the database is newer than this program. */
export function migrate(database: RetryingDatabase, nowMs: number, steps = migrations): Promise<void> {
  return database.whileMigrating(async (connection) => {
    const { dialect } = database;
    for (const statement of dialect.createTable({ name: "schema_migrations", lines: recordLines(database) })) {
      await sql.raw(statement).execute(connection);
    }
    const newest = steps.at(-1)?.version ?? 0;
    const current = await currentVersion(connection);
    if (current > newest) {
      throw new Error(`the ledger's schema has version ${current}, but this program knows versions up to ${newest}`);
    }
    for (const step of steps.filter(({ version }) => version > current)) {
      for (const statement of step.statements(dialect)) await sql.raw(statement).execute(connection);
      const record = { version: step.version, name: step.name, applied_at_ms: nowMs };
      await connection.insertInto("schema_migrations").values(record).execute();
    }
  });
}

function recordLines({ dialect: { types } }: RetryingDatabase): string[] {
  return [
    `version ${types.integer} not null primary key`,
    `name ${types.text(100)} not null`,
    `applied_at_ms ${types.integer} not null`,
  ];
}

async function currentVersion(connection: Kysely<LedgerSchema>): Promise<number> {
  const last = await connection
    .selectFrom("schema_migrations")
    .select("version")
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();
  return last?.version ?? 0;
}
