import type { Order, OrderState, ProductTotals, RecordOutcome, StockReturn } from "../../src/domain/order.ts";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import type { User } from "../../src/domain/user.ts";
import type { Ledger, TransitionOutcome } from "../../src/ledger/ledger.ts";

/** A ledger in memory: enough of the port for the gateway's tests. */
export class MemoryLedger implements Ledger {
  readonly sales = new Map<string, { sale: Sale; products: SaleProduct[] }>();
  readonly users = new Map<string, User>();
  readonly orders = new Map<string, Order>();
  readonly rejections = new Map<string, string>();
  /** Thrown by whatever is called, when set. */
  failure: Error | undefined;

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  async migrate(): Promise<void> {}

  async createSale(sale: Sale, products: readonly SaleProduct[]): Promise<void> {
    this.sales.set(sale.id, { sale, products: [...products] });
  }

  async listSales(): Promise<Sale[]> {
    this.#check();
    return [...this.sales.values()].map(({ sale }) => sale);
  }

  async readSale(saleId: string): Promise<{ sale: Sale; products: SaleProduct[] } | undefined> {
    this.#check();
    return this.sales.get(saleId);
  }

  async readProduct(productId: string): Promise<{ sale: Sale; product: SaleProduct } | undefined> {
    for (const { sale, products } of this.sales.values()) {
      const product = products.find(({ id }) => id === productId);
      if (product !== undefined) return { sale, product };
    }
    return undefined;
  }

  async readTotals(productId: string): Promise<ProductTotals | undefined> {
    const found = await this.readProduct(productId);
    const inState = (state: OrderState): number =>
      [...this.orders.values()].filter((order) => order.productId === productId && order.state === state).length;
    return found && { total: found.product.total, reserved: inState("reserved"), sold: inState("paid") };
  }

  async createUser(user: User): Promise<"created" | "taken"> {
    this.#check();
    const key = user.name.toLowerCase();
    if (this.users.has(key)) return "taken";
    this.users.set(key, user);
    return "created";
  }

  async findUserByName(name: string): Promise<User | undefined> {
    this.#check();
    return this.users.get(name.toLowerCase());
  }

  async record(batch: readonly AcceptedReservation[], options: { payWithinMs: number }): Promise<RecordOutcome[]> {
    return batch.map((reservation) => {
      if (this.orders.has(reservation.reservationId)) return { kind: "duplicate" };
      const { reservationId, saleId, productId, userId, epoch, acceptedAtMs } = reservation;
      const payBeforeMs = acceptedAtMs + options.payWithinMs;
      const times = { acceptedAtMs, recordedAtMs: acceptedAtMs, payBeforeMs };
      this.orders.set(reservationId, { reservationId, saleId, productId, userId, epoch, state: "reserved", ...times });
      return { kind: "recorded" };
    });
  }

  async readOrder(reservationId: string): Promise<Order | undefined> {
    this.#check();
    return this.orders.get(reservationId);
  }

  async readRejection(reservationId: string): Promise<string | undefined> {
    return this.rejections.get(reservationId);
  }

  async pay(reservationId: string): Promise<TransitionOutcome> {
    return this.#move(reservationId, "paid");
  }

  async cancel(reservationId: string): Promise<TransitionOutcome> {
    return this.#move(reservationId, "cancelled");
  }

  #move(reservationId: string, state: OrderState): TransitionOutcome {
    const order = this.orders.get(reservationId);
    if (order === undefined) return { kind: "not_found" };
    if (order.state === state) return { kind: "already", order };
    if (order.state !== "reserved") return { kind: "refused", order };
    const moved = { ...order, state };
    this.orders.set(reservationId, moved);
    return { kind: "done", order: moved };
  }

  async expireUnpaid(): Promise<number> {
    return 0;
  }

  async pendingReturns(): Promise<StockReturn[]> {
    return [];
  }

  async markReturned(): Promise<void> {}

  async close(): Promise<void> {}
}
