import type { Order, ProductTotals, RecordOutcome, StockReturn } from "../domain/order.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";
import type { Sale, SaleProduct } from "../domain/sale.ts";
import type { User } from "../domain/user.ts";
import { Answers } from "./answers.ts";
import { systemTime } from "../orders/clock.ts";
import type { OpenDatabase } from "./database/ledger-database.ts";
import { defaultRetry, RetryingDatabase, type RetryOptions } from "./database/retrying-database.ts";
import { entryOf, readableParts, type LedgerEntry } from "./ledger-entry.ts";
import type { FullLedger, LedgerAnswer, TransitionOutcome, UnreadableReservation } from "./ledger.ts";
import { migrate } from "./migrations/migrate.ts";
import { maxRecordBatch, recordBatch } from "./record-batch.ts";
import { SaleBook } from "./sale-book.ts";
import { SqlLedgerAudit } from "./sql-ledger-audit.ts";
import { StockReturns } from "./stock-returns.ts";
import { Transitions } from "./transitions.ts";
import { UserBook } from "./user-book.ts";

export interface SqlLedgerOptions {
  /** The clock of recorded, released and returned moments, Unix milliseconds. */
  readonly now?: () => number;
  /** How the ledger repeats work that the database could not do. */
  readonly retry?: Partial<RetryOptions>;
}

/** The ledger over either database: each part of it in a file of its own. */
export class SqlLedger implements FullLedger {
  readonly audit: SqlLedgerAudit;
  readonly #database: RetryingDatabase;
  readonly #now: () => number;
  readonly #sales: SaleBook;
  readonly #users: UserBook;
  readonly #answers: Answers;
  readonly #transitions: Transitions;
  readonly #returns: StockReturns;

  constructor(open: OpenDatabase, { now = systemTime, retry = {} }: SqlLedgerOptions) {
    const database = new RetryingDatabase(open, { ...defaultRetry, ...retry });
    this.audit = new SqlLedgerAudit(database);
    this.#database = database;
    this.#now = now;
    this.#sales = new SaleBook(database);
    this.#users = new UserBook(database);
    this.#answers = new Answers(database);
    this.#transitions = new Transitions(database, now);
    this.#returns = new StockReturns(database, now);
  }

  migrate(): Promise<void> {
    return migrate(this.#database, this.#now());
  }

  createSale(sale: Sale, products: readonly SaleProduct[]): Promise<void> {
    return this.#sales.createSale(sale, products);
  }

  listSales(): Promise<Sale[]> {
    return this.#sales.listSales();
  }

  readSale(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined> {
    return this.#sales.readSale(saleId);
  }

  readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined> {
    return this.#sales.readProduct(productId);
  }

  readTotals(productId: string): Promise<ProductTotals | undefined> {
    return this.#sales.readTotals(productId);
  }

  raiseEpoch(
    productId: string,
    fromEpoch: number,
  ): Promise<{ product: SaleProduct; totals: ProductTotals } | undefined> {
    return this.#sales.raiseEpoch(productId, fromEpoch);
  }

  createUser(user: User): Promise<"created" | "taken"> {
    return this.#users.createUser(user);
  }

  findUserByName(name: string): Promise<User | undefined> {
    return this.#users.findUserByName(name);
  }

  async record(
    batch: readonly AcceptedReservation[],
    { payWithinMs }: { payWithinMs: number },
  ): Promise<RecordOutcome[]> {
    if (!Number.isSafeInteger(payWithinMs) || payWithinMs < 0) {
      throw new RangeError(`payWithinMs is ${payWithinMs}, not a whole number of milliseconds from 0`);
    }
    return this.#write(batch.map(entryOf), payWithinMs);
  }

  async reject(batch: readonly UnreadableReservation[]): Promise<RecordOutcome[]> {
    return this.#write(batch.map(readableParts), 0);
  }

  readOrder(reservationId: string): Promise<Order | undefined> {
    return this.#answers.readOrder(reservationId);
  }

  readRejection(reservationId: string): Promise<string | undefined> {
    return this.#answers.readRejection(reservationId);
  }

  async readAnswers(reservationIds: readonly string[]): Promise<Map<string, LedgerAnswer>> {
    checkBatch(reservationIds);
    return this.#answers.readAnswers(reservationIds);
  }

  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome> {
    return this.#transitions.pay(reservationId, nowMs);
  }

  cancel(reservationId: string): Promise<TransitionOutcome> {
    return this.#transitions.cancel(reservationId);
  }

  expireUnpaid(nowMs: number, limit: number): Promise<number> {
    return this.#transitions.expireUnpaid(nowMs, limit);
  }

  pendingReturns(limit: number): Promise<StockReturn[]> {
    return this.#returns.pending(limit);
  }

  markReturned(reservationIds: readonly string[]): Promise<void> {
    return this.#returns.markReturned(reservationIds);
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #write(entries: readonly LedgerEntry[], payWithinMs: number): Promise<RecordOutcome[]> {
    checkBatch(entries);
    if (entries.length === 0) return [];
    const { locksRows } = this.#database.dialect;
    const outcomes = await this.#database.write((transaction) =>
      recordBatch(transaction, entries, { locksRows, nowMs: this.#now(), payWithinMs }),
    );
    return [...outcomes];
  }
}

function checkBatch(batch: readonly unknown[]): void {
  if (batch.length <= maxRecordBatch) return;
  throw new RangeError(`a batch of ${batch.length} reservations is over the ledger's limit of ${maxRecordBatch}`);
}
