import type { Generated } from "kysely";
import type { OrderState, RejectionReason } from "../../domain/order.ts";
import type { DeadLetterReason, DeadLetterState } from "../dead-letters.ts";

/** The ledger's tables as of the newest migration. Times are Unix milliseconds. */
export interface LedgerSchema {
  sales: SaleRow;
  products: ProductRow;
  users: UserRow;
  orders: OrderRow;
  rejections: RejectionRow;
  stock_returns: StockReturnRow;
  heartbeats: HeartbeatRow;
  dead_letters: DeadLetterRow;
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

export interface HeartbeatRow {
  instance: string;
  role: string;
  host: string;
  started_at_ms: number;
  /** By the database's clock. */
  seen_at_ms: number;
  /** JSON. */
  details: string;
}

export interface DeadLetterRow {
  id: string;
  reservation_id: string | null;
  product_id: string | null;
  user_id: string | null;
  reason: DeadLetterReason;
  detail: string;
  body: Uint8Array;
  body_bytes: number;
  state: DeadLetterState;
  kept_at_ms: number;
  settled_at_ms: number | null;
  settled_by: string | null;
  outcome: string | null;
}

export interface MigrationRow {
  version: number;
  name: string;
  applied_at_ms: number;
}
