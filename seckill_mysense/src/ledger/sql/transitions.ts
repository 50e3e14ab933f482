import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import type { TransitionOutcome } from "../orders.ts";
import { paidWithoutProvider } from "./call-off.ts";
import { CallBatcher } from "./call-batcher.ts";
import { lockOrders } from "./lock-orders.ts";
import { readPurchases } from "./purchases.ts";
import { cancelUnpaid, expireUnpaid, settled } from "./release-unpaid.ts";
import { toOrder } from "./rows.ts";

/** Limits of payments and cancellations that share transactions. A batch of this size takes about 20 ms. */
export const sharedTransactions = { maxBatch: 200, maxRunning: 2, maxWaiting: 20_000 };

interface PayCall {
  readonly id: string;
  readonly nowMs: number;
}

/** Payments without a provider, cancellations and expiries of unpaid orders and bundles. */
export class Transitions {
  readonly #database: RetryingDatabase;
  readonly #now: () => number;
  readonly #payments = new CallBatcher<PayCall, TransitionOutcome>({
    name: "payments",
    run: (calls) => this.#payAll(calls),
    ...sharedTransactions,
  });
  readonly #cancellations = new CallBatcher<string, TransitionOutcome>({
    name: "cancellations",
    run: (ids) => cancelUnpaid({ database: this.#database, now: this.#now }, ids),
    ...sharedTransactions,
  });

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  pay(id: string, nowMs: number): Promise<TransitionOutcome> {
    return this.#payments.call({ id, nowMs });
  }

  cancel(id: string): Promise<TransitionOutcome> {
    return this.#cancellations.call(id);
  }

  expireUnpaid(nowMs: number, limit: number): Promise<number> {
    return expireUnpaid({ database: this.#database, now: this.#now }, nowMs, limit);
  }

  /** A payment changes only the rows of its orders: reserved + sold stays the same, so no product is locked or read. */
  #payAll(calls: readonly PayCall[]): Promise<TransitionOutcome[]> {
    return this.#database.write(async (transaction) => {
      const ids = calls.map(({ id }) => id);
      const purchases = await readPurchases(transaction, ids);
      const orderIds = ids.flatMap((id) => purchases.ordersOf(id));
      const orders = await lockOrders(transaction, orderIds, this.#database.dialect.locksRows);
      const paid = new Map<string, StoredOrder>();
      const paidAtMs = this.#now();
      const outcomes = calls.map(({ id, nowMs }): TransitionOutcome => {
        const rows = purchases.ordersOf(id).flatMap((order) => paid.get(order) ?? orders.get(order) ?? []);
        const [first] = rows;
        if (first === undefined) return { kind: "not_found" };
        const isOpen = rows.every((row) => row.state === "reserved" && nowMs <= row.pay_before_ms);
        if (!isOpen) return settled(toOrder(first), "paid");
        for (const row of rows) paid.set(row.reservation_id, { ...row, state: "paid", paid_at_ms: paidAtMs });
        return { kind: "done", order: toOrder(paid.get(first.reservation_id)!) };
      });
      if (paid.size > 0) {
        await transaction
          .updateTable("orders")
          .set({ state: "paid", paid_at_ms: paidAtMs, paid_with: paidWithoutProvider })
          .where("reservation_id", "in", [...paid.keys()])
          .execute();
      }
      return outcomes;
    });
  }
}
