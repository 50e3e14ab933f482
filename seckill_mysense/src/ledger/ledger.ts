import type { LedgerAudit } from "./audit.ts";
import type { LedgerBundles } from "./bundles.ts";
import type { LedgerChanges } from "./changes.ts";
import type { LedgerGates } from "./gates.ts";
import type { LedgerDeadLetters } from "./dead-letters.ts";
import type { LedgerHeartbeats } from "./heartbeats.ts";
import type { LedgerInvitationCodes } from "./invitation-codes.ts";
import type { LedgerOrders } from "./orders.ts";
import type { LedgerPayments } from "./payments.ts";
import type { LedgerProgramRequests } from "./program-requests.ts";
import type { LedgerReservations } from "./reservations.ts";
import type { LedgerReturns } from "./returns.ts";
import type { LedgerRevocations } from "./revocations.ts";
import type { LedgerRooms } from "./rooms.ts";
import type { LedgerSales } from "./sales.ts";
import type { LedgerUsers } from "./users.ts";
import type { LedgerWaiters } from "./waiters.ts";

/**
 * The book of orders: the only truth. One implementation for MySQL and SQLite, one contract suite over both. Each port
 * is an interface of its own, and its users take the ports that they need.
 *
 * Every method of a port throws `LedgerUnavailableError` when the database cannot be reached, or stays contended, for
 * longer than the ledger retries; repeating the call is then always safe.
 */
export interface Ledger {
  readonly sales: LedgerSales;
  readonly changes: LedgerChanges;
  readonly users: LedgerUsers;
  readonly orders: LedgerOrders;
  readonly payments: LedgerPayments;
  readonly returns: LedgerReturns;
  readonly gates: LedgerGates;
  readonly waiters: LedgerWaiters;
  readonly bundles: LedgerBundles;
  readonly audit: LedgerAudit;
  readonly deadLetters: LedgerDeadLetters;
  readonly heartbeats: LedgerHeartbeats;
  readonly programRequests: LedgerProgramRequests;
  readonly reservations: LedgerReservations;
  readonly revocations: LedgerRevocations;
  readonly rooms: LedgerRooms;
  readonly invitationCodes: LedgerInvitationCodes;
  /** Brings the schema up to date; safe to call from several processes at once. */
  migrate(): Promise<void>;
  /** Checks the schema and changes nothing. @throws SchemaMismatchError if this program needs another one */
  checkSchema(): Promise<void>;
  /** In words, how the database may lose orders in a power failure; undefined if it may not. */
  durabilityRisk(): Promise<string | undefined>;
  close(): Promise<void>;
}
