import { sql, type Kysely } from "kysely";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { LedgerSchema } from "../database/schema.ts";
import { LedgerUnavailableError, SchemaMismatchError } from "../ledger-errors.ts";
import { bookOfOrders } from "./0001-book-of-orders.ts";
import { recoveryOfGates } from "./0002-recovery-of-gates.ts";
import { salesThatChange } from "./0003-sales-that-change.ts";
import { heartbeatsAndDeadLetters } from "./0004-heartbeats-and-dead-letters.ts";
import { payments } from "./0005-payments.ts";
import { quantities } from "./0006-quantities.ts";
import { waitingLists } from "./0007-waiting-lists.ts";
import { programRequests } from "./0008-program-requests.ts";
import { refundsThatFail } from "./0009-refunds-that-fail.ts";
import { buckets } from "./0010-buckets.ts";
import { bundles } from "./0011-bundles.ts";
import { changesWithIds } from "./0012-changes-with-ids.ts";
import { revocations } from "./0013-revocations.ts";
import { persons } from "./0014-persons.ts";
import { waitingRooms } from "./0015-waiting-rooms.ts";
import { ballots } from "./0016-ballots.ts";
import { invitationCodes } from "./0017-invitation-codes.ts";
import { ratesByLoad } from "./0018-rates-by-load.ts";
import type { Migration } from "./migration.ts";

/** In the order of their versions. */
export const migrations: readonly Migration[] = [
  bookOfOrders,
  recoveryOfGates,
  salesThatChange,
  heartbeatsAndDeadLetters,
  payments,
  quantities,
  waitingLists,
  programRequests,
  refundsThatFail,
  buckets,
  bundles,
  changesWithIds,
  revocations,
  persons,
  waitingRooms,
  ballots,
  invitationCodes,
  ratesByLoad,
];

/** Runs the steps that the database is missing. Throws when the database is newer than this program. */
export function migrate(database: RetryingDatabase, nowMs: number, steps = migrations): Promise<void> {
  return database.whileMigrating(async (connection) => {
    const { dialect } = database;
    for (const statement of dialect.createTable({ name: "schema_migrations", lines: recordLines(database) })) {
      await sql.raw(statement).execute(connection);
    }
    const newest = steps.at(-1)?.version ?? 0;
    const applied = await appliedVersions(connection);
    const current = Math.max(0, ...applied);
    if (current > newest) {
      throw new Error(`the ledger's schema has version ${current}, but this program knows versions up to ${newest}`);
    }
    for (const step of steps.filter(({ version }) => !applied.includes(version))) {
      for (const statement of step.statements(dialect)) await sql.raw(statement).execute(connection);
      const record = { version: step.version, name: step.name, applied_at_ms: nowMs };
      await connection.insertInto("schema_migrations").values(record).execute();
    }
  });
}

/** Reads which steps were run, with the right to SELECT alone. @throws SchemaMismatchError */
export async function checkSchema(database: RetryingDatabase, steps = migrations): Promise<void> {
  const applied = await database.read(appliedVersions).catch((error: unknown) => {
    if (error instanceof LedgerUnavailableError) throw error;
    throw new SchemaMismatchError(`the ledger has no tables that this user can read: ${(error as Error).message}`);
  });
  const missing = steps.filter(({ version }) => !applied.includes(version)).map(({ version }) => version);
  if (missing.length > 0)
    throw new SchemaMismatchError(`the ledger lacks the changes ${missing.join(", ")} of its tables`);
  const newest = steps.at(-1)?.version ?? 0;
  const current = Math.max(0, ...applied);
  if (current <= newest) return;
  throw new SchemaMismatchError(
    `the ledger's schema has version ${current}, but this program knows versions up to ${newest}`,
  );
}

function recordLines({ dialect: { types } }: RetryingDatabase): string[] {
  return [
    `version ${types.integer} not null primary key`,
    `name ${types.text(100)} not null`,
    `applied_at_ms ${types.integer} not null`,
  ];
}

async function appliedVersions(connection: Kysely<LedgerSchema>): Promise<number[]> {
  const rows = await connection.selectFrom("schema_migrations").select("version").execute();
  return rows.map(({ version }) => version);
}
