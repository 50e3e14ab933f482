import type { Generated } from "kysely";
import type { OrderState, RejectionReason } from "../../domain/order.ts";

/** The ledger's tables as of the newest migration. Times are Unix milliseconds. */
export interface LedgerSchema {
  sales: SaleRow;
  products: ProductRow;
  users: UserRow;
  orders: OrderRow;
  rejections: RejectionRow;
  stock_returns: StockReturnRow;
  schema_migrations: MigrationRow;
}

export interface SaleRow {
  id: string;
  title: string;
  starts_at_ms: number;
  ends_at_ms: number;
}

export interface ProductRow {
  id: string;
  sale_id: string;
  name: string;
  price_minor: number;
  currency: string;
  total: number;
  reserved: number;
  sold: number;
  limit_per_user: number;
  epoch: number;
}

export interface UserRow {
  id: string;
  name: string;
  /** The unique, folded name: see `nameKey`. */
  name_key: string;
  password_hash: string;
  created_at_ms: number;
}

export interface OrderRow {
  reservation_id: string;
  sale_id: string;
  product_id: string;
  user_id: string;
  state: OrderState;
  epoch: number;
  accepted_at_ms: number;
  recorded_at_ms: number;
  pay_before_ms: number;
  /**
   * 1 to the product's limit per user while the order is active, otherwise null. Unique together with product and
   * user, so that the database itself enforces the limit; nulls are never equal, so released orders do not count.
   */
  active_slot: number | null;
}

export interface RejectionRow {
  reservation_id: string;
  sale_id: string | null;
  product_id: string | null;
  user_id: string | null;
  reason: RejectionReason;
  rejected_at_ms: number;
}

export interface StockReturnRow {
  id: Generated<number>;
  reservation_id: string;
  sale_id: string;
  product_id: string;
  user_id: string;
  epoch: number;
  released_at_ms: number;
  /** Null until the gate has been notified. */
  applied_at_ms: number | null;
}

export interface MigrationRow {
  version: number;
  name: string;
  applied_at_ms: number;
}
