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
  repairs: RepairRow;
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
  /** The highest sequence of the gate that a recorded order or an applied return of this epoch carried. */
  gate_sequence: Generated<number>;
  /** The latest epoch for which the gate was, or was about to be, armed; 0 before the first. */
  armed_epoch: Generated<number>;
  /** When the gate, after a loss of data or a restart, was last brought in line with the ledger; null before the first time. */
  gate_compared_at_ms: Generated<number | null>;
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
  /** The latest epoch in which the gate accepted the reservation; null if the message did not say. */
  epoch: number | null;
}

export interface RepairRow {
  id: Generated<number>;
  product_id: string;
  reason: string;
  started_by: string;
  from_epoch: number;
  started_at_ms: number;
  /** Null, with the units and the end, until the gate sells again. */
  to_epoch: number | null;
  /** The units that the gate was filled with. */
  units: number | null;
  ended_at_ms: number | null;
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
