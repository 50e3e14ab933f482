import type { LedgerAudit } from "./audit.ts";
import type { LedgerGates } from "./gates.ts";
import type { LedgerOrders } from "./orders.ts";
import type { LedgerReturns } from "./returns.ts";
import type { LedgerSales } from "./sales.ts";
import type { LedgerUsers } from "./users.ts";

/**
 * The book of orders: the only truth. One implementation for MySQL and SQLite, one contract suite over both. Each port
 * is an interface of its own, and its users take the ports that they need.
 *
 * Every method of a port throws `LedgerUnavailableError` when the database cannot be reached, or stays contended, for
 * longer than the ledger retries; repeating the call is then always safe.
 */
export interface Ledger {
  readonly sales: LedgerSales;
  readonly users: LedgerUsers;
  readonly orders: LedgerOrders;
  readonly returns: LedgerReturns;
  readonly gates: LedgerGates;
  readonly audit: LedgerAudit;
  /** Brings the schema up to date; safe to call from several processes at once. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}
