import type { Order, OrderState } from "../../domain/order.ts";
import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { StoredOrder } from "../database/schema.ts";
import type { TransitionOutcome } from "../orders.ts";
import { paidWithoutProvider } from "./call-off.ts";
import { CallBatcher } from "./call-batcher.ts";
import { lockOrders } from "./lock-orders.ts";
import { releaseOrders } from "./release-orders.ts";
import { toOrder } from "./rows.ts";

/** Most orders that one transaction expires. */
const maxExpiryBatch = 500;
/** Limits of payments and cancellations that share transactions. A batch of this size takes about 20 ms. */
export const sharedTransactions = { maxBatch: 200, maxRunning: 2, maxWaiting: 20_000 };

interface PayCall {
  readonly reservationId: string;
  readonly nowMs: number;
}

/** Payments without a provider, cancellations and expiries of unpaid orders. */
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
    run: (reservationIds) => this.#cancelAll(reservationIds),
    ...sharedTransactions,
  });

  constructor(database: RetryingDatabase, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  pay(reservationId: string, nowMs: number): Promise<TransitionOutcome> {
    return this.#payments.call({ reservationId, nowMs });
  }

  cancel(reservationId: string): Promise<TransitionOutcome> {
    return this.#cancellations.call(reservationId);
  }

  /** Expires orders product by product, so that each transaction locks only one product. */
  async expireUnpaid(nowMs: number, limit: number): Promise<number> {
    const due = await this.#database.read((database) =>
      database
        .selectFrom("orders")
        .select(["reservation_id", "product_id"])
        .where("state", "=", "reserved")
        .where("pay_before_ms", "<", nowMs)
        .orderBy("pay_before_ms")
        .limit(limit)
        .execute(),
    );
    let expired = 0;
    for (const [productId, rows] of Map.groupBy(due, (row) => row.product_id)) {
      const ids = rows.map((row) => row.reservation_id);
      for (let start = 0; start < ids.length; start += maxExpiryBatch) {
        const { released } = await this.#release(productId, ids.slice(start, start + maxExpiryBatch), "expired");
        expired += released.length;
      }
    }
    return expired;
  }

  /** A payment changes only its order's row: reserved + sold stays the same, so the product is neither locked nor read. */
  #payAll(calls: readonly PayCall[]): Promise<TransitionOutcome[]> {
    return this.#database.write(async (transaction) => {
      const ids = calls.map(({ reservationId }) => reservationId);
      const orders = await lockOrders(transaction, ids, this.#database.dialect.locksRows);
      const paid = new Map<string, StoredOrder>();
      const paidAtMs = this.#now();
      const outcomes = calls.map(({ reservationId, nowMs }) => {
        const row = paid.get(reservationId) ?? orders.get(reservationId);
        if (row === undefined) return { kind: "not_found" } as const;
        if (row.state !== "reserved" || nowMs > row.pay_before_ms) return settled(toOrder(row), "paid");
        const now = { ...row, state: "paid" as const, paid_at_ms: paidAtMs };
        paid.set(reservationId, now);
        return { kind: "done", order: toOrder(now) } as const;
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

  async #cancelAll(reservationIds: readonly string[]): Promise<TransitionOutcome[]> {
    const found = await this.#database.read((database) =>
      database.selectFrom("orders").selectAll().where("reservation_id", "in", reservationIds).execute(),
    );
    const outcomes = new Map<string, TransitionOutcome>();
    for (const row of found) outcomes.set(row.reservation_id, settled(toOrder(row), "cancelled"));
    // No order becomes `reserved` again, so the answer about all others stays true and needs no lock.
    const reserved = found.filter(({ state }) => state === "reserved");
    for (const [productId, rows] of Map.groupBy(reserved, (row) => row.product_id)) {
      const ids = rows.map((row) => row.reservation_id);
      const { released, before } = await this.#release(productId, ids, "cancelled");
      for (const row of before.values()) outcomes.set(row.reservation_id, settled(toOrder(row), "cancelled"));
      for (const row of released) outcomes.set(row.reservation_id, { kind: "done", order: toOrder(row) });
    }
    return reservationIds.map((id) => outcomes.get(id) ?? { kind: "not_found" });
  }

  #release(productId: string, reservationIds: readonly string[], to: "cancelled" | "expired") {
    const { locksRows } = this.#database.dialect;
    return this.#database.write((transaction) =>
      releaseOrders(transaction, { productId, reservationIds, from: "reserved", to, nowMs: this.#now(), locksRows }),
    );
  }
}

function settled(order: Order, target: OrderState): TransitionOutcome {
  return { kind: order.state === target ? "already" : "refused", order };
}
