import type { Payment, PaymentEvent, PaymentOutcome, Refund, RefundRecord } from "../../domain/payment.ts";
import type { Clock } from "../../time/clock.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { TransitionOutcome } from "../orders.ts";
import type {
  AskAgain,
  LedgerPayments,
  OpenPaymentOptions,
  OpenPaymentOutcome,
  RefundFigures,
  StrandedPayments,
} from "../payments.ts";
import { applyPaymentEvents } from "./apply-payment-events.ts";
import { CallBatcher } from "./call-batcher.ts";
import { callOffBundles, callOffOrders } from "./call-off.ts";
import {
  listRefunds,
  markRefundFailed,
  markRefunded,
  readRefunds,
  retryRefund,
  settleRefund,
  takeRefunds,
} from "./refund-outbox.ts";
import { openPayment, pruneEvents, readStranded, stopAsking, takeUndecided } from "./open-payments.ts";
import { readPurchases } from "./purchases.ts";
import { toOrder, toPayment } from "./rows.ts";
import { sharedTransactions } from "./transitions.ts";

export class SqlPayments implements LedgerPayments {
  readonly #database: RetryingDatabase;
  readonly #now: Clock["now"];
  readonly #events = new CallBatcher<PaymentEvent, PaymentOutcome>({
    name: "events of payments",
    run: (events) => this.#applyAll(events),
    ...sharedTransactions,
  });

  constructor(database: RetryingDatabase, now: Clock["now"]) {
    this.#database = database;
    this.#now = now;
  }

  open(id: string, options: OpenPaymentOptions): Promise<OpenPaymentOutcome> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) => openPayment(transaction, id, { ...options, locksRows }));
  }

  async markCreated(
    paymentId: string,
    created: { readonly providerId: string; readonly payUrl: string },
  ): Promise<void> {
    await this.#database.read((database) =>
      database
        .updateTable("payments")
        .set({ provider_id: created.providerId, pay_url: created.payUrl })
        .where("id", "=", paymentId)
        .execute(),
    );
  }

  async read(paymentId: string): Promise<Payment | undefined> {
    const row = await this.#database.read((database) =>
      database.selectFrom("payments").selectAll().where("id", "=", paymentId).executeTakeFirst(),
    );
    return row === undefined ? undefined : toPayment(row);
  }

  apply(event: PaymentEvent): Promise<PaymentOutcome> {
    return this.#events.call(event);
  }

  takeUndecided(nowMs: number, options: AskAgain): Promise<Payment[]> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) => takeUndecided(transaction, { nowMs, ...options, locksRows }));
  }

  stopAsking(paymentId: string): Promise<void> {
    return this.#database.read((database) => stopAsking(database, paymentId));
  }

  readStranded(providers: readonly string[]): Promise<StrandedPayments> {
    return this.#database.read((database) => readStranded(database, providers));
  }

  pruneEvents(beforeMs: number, limit: number): Promise<number> {
    return this.#database.read((database) => pruneEvents(database, { beforeMs, limit }));
  }

  async callOff(id: string): Promise<TransitionOutcome> {
    const purchases = await this.#database.read((reader) => readPurchases(reader, [id]));
    const [reservationId = ""] = purchases.ordersOf(id);
    const before = await this.#readOrder(reservationId);
    if (before === undefined) return { kind: "not_found" };
    const release = { nowMs: this.#now(), locksRows: this.#database.dialect.locksRows };
    const single = { ...release, productId: before.product_id, reservationIds: [reservationId] };
    const [calledOff] = await this.#database.write((transaction) =>
      before.bundle_id === null
        ? callOffOrders(transaction, single)
        : callOffBundles(transaction, purchases.bundles, release),
    );
    if (calledOff !== undefined) return { kind: "done", order: toOrder(calledOff) };
    const now = (await this.#readOrder(reservationId)) ?? before;
    const isOver = now.state === "refund_due" || now.state === "refunded";
    return { kind: isOver ? "already" : "refused", order: toOrder(now) };
  }

  takeRefunds(nowMs: number, tryAgainMs: number, limit: number, providers?: readonly string[]): Promise<Refund[]> {
    const { locksRows } = this.#database.dialect;
    const taking = { nowMs, tryAgainMs, limit, providers, locksRows };
    return this.#database.write((transaction) => takeRefunds(transaction, taking));
  }

  async markRefunded(paymentId: string): Promise<void> {
    const { locksRows } = this.#database.dialect;
    await this.#database.write((transaction) =>
      markRefunded(transaction, paymentId, { locksRows, nowMs: this.#now() }),
    );
  }

  markRefundFailed(
    paymentId: string,
    { isHeld = false, ...failure }: { readonly error: string; readonly tryAtMs: number; readonly isHeld?: boolean },
  ): Promise<void> {
    const heldAtMs = isHeld ? this.#now() : null;
    return this.#database.read((database) => markRefundFailed(database, paymentId, { ...failure, heldAtMs }));
  }

  listRefunds(state: RefundRecord["state"], limit: number): Promise<RefundRecord[]> {
    return this.#database.read((database) => listRefunds(database, { state, limit }));
  }

  async readRefund(paymentId: string): Promise<RefundRecord | undefined> {
    const [found] = await this.#database.read((database) => listRefunds(database, { paymentId, limit: 1 }));
    return found;
  }

  retryRefund(paymentId: string): Promise<boolean> {
    return this.#database.write((transaction) => retryRefund(transaction, paymentId, this.#now()));
  }

  settleRefund(paymentId: string, settlement: { readonly by: string; readonly note: string }): Promise<boolean> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) =>
      settleRefund(transaction, paymentId, { ...settlement, locksRows, nowMs: this.#now() }),
    );
  }

  readRefunds(): Promise<RefundFigures> {
    return this.#database.read(readRefunds);
  }

  async #applyAll(events: readonly PaymentEvent[]): Promise<readonly PaymentOutcome[]> {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) =>
      applyPaymentEvents(transaction, events, { locksRows, nowMs: this.#now() }),
    );
  }

  #readOrder(reservationId: string) {
    return this.#database.read((database) =>
      database.selectFrom("orders").selectAll().where("reservation_id", "=", reservationId).executeTakeFirst(),
    );
  }
}
