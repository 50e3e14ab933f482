import { systemClock, type Clock } from "../../time/clock.ts";
import type { OpenDatabase } from "../database/ledger-database.ts";
import { defaultRetry, RetryingDatabase, type RetryOptions } from "../database/retrying-database.ts";
import type { Ledger } from "../ledger.ts";
import { checkSchema, migrate } from "../migrations/migrate.ts";
import { SqlAudit } from "./sql-audit.ts";
import { SqlBundles } from "./sql-bundles.ts";
import { SqlChanges } from "./sql-changes.ts";
import { SqlDeadLetters } from "./sql-dead-letters.ts";
import { SqlGates } from "./sql-gates.ts";
import { SqlHeartbeats } from "./sql-heartbeats.ts";
import { SqlInvitationCodes } from "./sql-invitation-codes.ts";
import { SqlOrders } from "./sql-orders.ts";
import { SqlPayments } from "./sql-payments.ts";
import { SqlProgramRequests } from "./sql-program-requests.ts";
import { SqlReservations } from "./sql-reservations.ts";
import { SqlReturns } from "./sql-returns.ts";
import { SqlRevocations } from "./sql-revocations.ts";
import { SqlRooms } from "./sql-rooms.ts";
import { SqlSales } from "./sql-sales.ts";
import { SqlUsers } from "./sql-users.ts";
import { SqlWaiters } from "./sql-waiters.ts";

export interface SqlLedgerOptions {
  /** The clock for the times at which orders are recorded, released and returned. */
  readonly now?: Clock["now"];
  /** Replaces the database's clock in tests. */
  readonly databaseNow?: (() => number) | undefined;
  /** How the ledger repeats work that the database could not do at once. */
  readonly retry?: Partial<RetryOptions>;
}

/** A heartbeat that could not be written is replaced by the next one, and the reason of the failure is news. */
const heartbeatRetryMs = 1_000;

/** The ledger over either database: one file for each port. */
export function sqlLedger(open: OpenDatabase, options: SqlLedgerOptions): Ledger {
  const { now = systemClock.now, databaseNow, retry = {} } = options;
  const database = new RetryingDatabase(open, { ...defaultRetry, ...retry });
  return {
    sales: new SqlSales(database),
    changes: new SqlChanges(database, now, databaseNow),
    users: new SqlUsers(database),
    orders: new SqlOrders(database, now),
    payments: new SqlPayments(database, now),
    returns: new SqlReturns(database, now),
    gates: new SqlGates(database, now),
    waiters: new SqlWaiters(database, now),
    bundles: new SqlBundles(database, now),
    audit: new SqlAudit(database),
    deadLetters: new SqlDeadLetters(database, now),
    heartbeats: new SqlHeartbeats(
      new RetryingDatabase(open, { ...defaultRetry, ...retry, retryForMs: heartbeatRetryMs }),
    ),
    programRequests: new SqlProgramRequests(database),
    reservations: new SqlReservations(database, now),
    revocations: new SqlRevocations(database, now),
    rooms: new SqlRooms(database, databaseNow),
    invitationCodes: new SqlInvitationCodes(database, now),
    migrate: () => migrate(database, now()),
    checkSchema: () => checkSchema(database),
    durabilityRisk: () => database.read((reader) => database.dialect.durabilityRisk(reader)),
    close: () => database.close(),
  };
}
