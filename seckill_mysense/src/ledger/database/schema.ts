import type { Generated, Selectable } from "kysely";
import type { BundleReason, BundleState } from "../../domain/bundle.ts";
import type { OrderState, RejectionReason } from "../../domain/order.ts";
import type { PaymentEvent, PaymentState, RefundReason } from "../../domain/payment.ts";
import type { DeadLetterReason, DeadLetterState } from "../dead-letters.ts";
import type { SaleState } from "../../domain/sale.ts";
import type { RevocationReason } from "../revocations.ts";
import type { WaiterState } from "../../domain/waiter.ts";
import type { RoomEntryRow, RoomRow, RoomStepRow, RoomUseRow } from "./room-schema.ts";

/** The ledger's tables as of the newest migration. Times are Unix milliseconds. */
export interface LedgerSchema {
  sales: SaleRow;
  products: ProductRow;
  users: UserRow;
  persons: PersonRow;
  orders: OrderRow;
  rejections: RejectionRow;
  stock_returns: StockReturnRow;
  payments: PaymentRow;
  payment_events: PaymentEventRow;
  refunds: RefundRow;
  ledger_revision: RevisionRow;
  sale_changes: SaleChangeRow;
  repairs: RepairRow;
  heartbeats: HeartbeatRow;
  dead_letters: DeadLetterRow;
  waiters: WaiterRow;
  bundles: BundleRow;
  program_requests: ProgramRequestRow;
  revocations: RevocationRow;
  invitation_codes: InvitationCodeRow;
  rooms: RoomRow;
  room_entries: RoomEntryRow;
  room_steps: RoomStepRow;
  room_uses: RoomUseRow;
  schema_migrations: MigrationRow;
}

export interface SaleRow {
  id: string;
  title: string;
  starts_at_ms: number;
  ends_at_ms: number;
  /** Counts the changes of the sale and its products, from 1. */
  version: Generated<number>;
  state: Generated<SaleState>;
  /** 1 while nothing of the sale is sold. */
  paused: Generated<number>;
  /** The settings of its waiting room as JSON; null without one. */
  room: Generated<string | null>;
  /** 1 where only invited users buy. */
  invited_only: Generated<number | null>;
  /** Signs the codes of the sale; null if it has never been for invited users only. */
  code_key: Generated<Uint8Array | null>;
  /** 1 from the cancellation until every order of the sale is released. */
  release_pending: Generated<number>;
  /** The ledger's revision at the last change of this row. */
  revision: Generated<number>;
}

/** Whom a sale invites. */
export interface InvitationCodeRow {
  sale_id: string;
  number: number;
  /** The only user who may use it; null: anybody. */
  name_key: string | null;
  made_at_ms: number;
  user_id: Generated<string | null>;
  used_at_ms: Generated<number | null>;
  in_force: Generated<number | null>;
  revoked_at_ms: Generated<number | null>;
}

export interface ProductRow {
  id: string;
  sale_id: string;
  name: string;
  price_minor: number;
  currency: string;
  total: number;
  /** Units of all active orders, paid ones too: a payment does not change this row. */
  reserved: number;
  /** 0. How many units are sold is counted from the orders: see `readTotals`. */
  sold: number;
  limit_per_user: number;
  epoch: number;
  paused: Generated<number>;
  /** 1 when the sale is cancelled: read under the lock of the product, so that no order is recorded any more. */
  cancelled: Generated<number>;
  /** The total that the product gets as soon as the gate has taken the other units out; null when none is to go. */
  lowering_to: Generated<number | null>;
  /** The revision at which the lowering was asked for: it tells two lowerings to the same total apart. */
  lowering_since: Generated<number | null>;
  /** The bucket that gets the units; null when they leave the sale. */
  lowering_for: Generated<string | null>;
  /** The ledger's revision at the last change of this row or of its sale. */
  revision: Generated<number>;
  /** The highest sequence of the gate that a recorded order or an applied return of this epoch carried. */
  gate_sequence: Generated<number>;
  /** The latest epoch for which the gate was, or was about to be, armed; 0 before the first. */
  armed_epoch: Generated<number>;
  /** When the gate, after a loss of data or a restart, was last brought in line with the ledger; null before the first time. */
  gate_compared_at_ms: Generated<number | null>;
  /** The revision at which the waiting list was opened; null while there is none. */
  waiting_since: Generated<number | null>;
}

export interface UserRow {
  id: string;
  name: string;
  /** The unique, folded name: see `nameKey`. */
  name_key: string;
  password_hash: string;
  created_at_ms: number;
  /** How often all sessions of the user were revoked. */
  session_epoch: Generated<number>;
}

/** The account of a person. Users who registered without an invitation have no row. */
export interface PersonRow {
  person_id: string;
  user_id: string;
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
  /** Name, price and currency as they were when the order was recorded. */
  product_name: string | null;
  price_minor: number | null;
  currency: string | null;
  quantity: Generated<number>;
  paid_at_ms: Generated<number | null>;
  cancelled_at_ms: Generated<number | null>;
  expired_at_ms: Generated<number | null>;
  refunded_at_ms: Generated<number | null>;
  /** The payment that paid the order, or `none` in a sale without a provider of payments; null for unpaid orders. */
  paid_with: Generated<string | null>;
  /** The bundle that the order is a part of. */
  bundle_id: Generated<string | null>;
}

/** An order as it is read. */
export type StoredOrder = Selectable<OrderRow>;

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
  /** Units that go back. */
  quantity: Generated<number>;
  released_at_ms: number;
  /** Null until the gate has been notified. */
  applied_at_ms: number | null;
}

export interface PaymentRow {
  id: string;
  reservation_id: string;
  provider: string;
  state: PaymentState;
  amount_minor: number;
  currency: string;
  created_at_ms: number;
  /** When the provider first told its end. */
  decided_at_ms: number | null;
  /** When the provider is asked about the payment, if it has told nothing until then. */
  ask_at_ms: number;
  provider_id: string | null;
  pay_url: string | null;
}

export interface PaymentEventRow {
  id: string;
  payment_id: string;
  kind: PaymentEvent["kind"];
  received_at_ms: number;
}

export interface RefundRow {
  payment_id: string;
  amount_minor: number;
  currency: string;
  reason: RefundReason;
  requested_at_ms: number;
  /** The next try is due at this moment. */
  try_at_ms: number;
  tries: number;
  last_error: string | null;
  /** Null until the provider has confirmed the refund, or an operator has settled it. */
  refunded_at_ms: number | null;
  /** Since when it waits for an operator; null while it is sent. */
  held_at_ms: number | null;
  /** How often an operator had it sent once more after the provider's refund had failed. */
  retries: Generated<number>;
  /** The operator who paid the money back elsewhere, and where. */
  settled_by: string | null;
  settled_note: string | null;
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

/** What another program asked for with one of its request ids. It never changes. */
export interface ProgramRequestRow {
  /** Made of program and request id. */
  reservation_id: string;
  program: string;
  request_id: string;
  sale_id: string;
  product_id: string;
  user_id: string;
  quantity: number;
  requested_at_ms: number;
}

/** One session that is over before its time, or all sessions of a user up to an epoch. */
export interface RevocationRow {
  user_id: string;
  /** Empty for all sessions of the user. */
  session_id: string;
  /** Sessions of the user with a lower epoch are over; 0 in the row of one session. */
  least_epoch: number;
  reason: RevocationReason;
  until_ms: number;
  /** The ledger's revision of revocations at the last change of this row. */
  revision: number;
}

/** Row 1 counts changes of sales, row 2 revocations. */
export interface RevisionRow {
  id: number;
  revision: number;
}

/** One entry of the audit log: the change of a sale, or of one of its products. */
export interface SaleChangeRow {
  id: Generated<number>;
  sale_id: string;
  /** Null when the sale itself changed. */
  product_id: string | null;
  version: number;
  action: string;
  actor: string;
  at_ms: number;
  /** Shared by the entries of one call; null for what no merchant has asked for, and in entries of older programs. */
  change_id: string | null;
  /** The changed fields as JSON; null for what is new. */
  before_change: string | null;
  after_change: string;
}

/** One row for each user who ever waited for a product: those who join again get a new place and a new reservation. */
export interface WaiterRow {
  product_id: string;
  user_id: string;
  sale_id: string;
  place: number;
  state: WaiterState;
  quantity: Generated<number>;
  reservation_id: string;
  window_ms: number;
  joined_at_ms: number;
  changed_at_ms: number;
}

/** Several orders that are one purchase: all of them or none. */
export interface BundleRow {
  id: string;
  sale_id: string;
  user_id: string;
  parts: number;
  state: BundleState;
  /** Why it is broken. */
  reason: BundleReason | null;
  created_at_ms: number;
  /** Until when the last part may come. */
  collect_before_ms: number;
  /** When it became complete or broken. */
  decided_at_ms: number | null;
  /** 1 from the moment when it is broken until its recorded parts are released. */
  release_pending: Generated<number>;
}

export interface MigrationRow {
  version: number;
  name: string;
  applied_at_ms: number;
}
