// Conversions between the rows of the tables and the types of the domain.

import type { Insertable, Selectable } from "kysely";
import type { Order } from "../../domain/order.ts";
import type { Payment } from "../../domain/payment.ts";
import { type RoomSettings, storedRoom } from "../../domain/room.ts";
import type { ProductRecord, Sale, SaleProduct, SaleRecord } from "../../domain/sale.ts";
import type { RegisteredUser } from "../../domain/user.ts";
import type { Waiter } from "../../domain/waiter.ts";
import type { OrderRow, PaymentRow, ProductRow, SaleRow, UserRow, WaiterRow } from "../database/schema.ts";

export function toSale(row: Selectable<SaleRow>): Sale {
  return {
    ...{ id: row.id, title: row.title, startsAtMs: row.starts_at_ms, endsAtMs: row.ends_at_ms },
    ...(row.room !== null && { room: JSON.parse(row.room) as RoomSettings }),
    ...(row.invited_only === 1 && { invitedOnly: true }),
  };
}

export function toSaleRecord(row: Selectable<SaleRow>): SaleRecord {
  return { ...toSale(row), state: row.state, paused: row.paused === 1, version: row.version };
}

export function rowOfSale(sale: Sale): Insertable<SaleRow> {
  const { id, title, startsAtMs, endsAtMs, room, invitedOnly } = sale;
  const kept = room === undefined ? null : JSON.stringify(storedRoom(room));
  const invited = invitedOnly === true ? 1 : 0;
  return { id, title, starts_at_ms: startsAtMs, ends_at_ms: endsAtMs, room: kept, invited_only: invited };
}

export function toProduct(row: Selectable<ProductRow>): SaleProduct {
  return {
    id: row.id,
    saleId: row.sale_id,
    name: row.name,
    priceMinor: row.price_minor,
    currency: row.currency,
    total: row.total,
    limitPerUser: row.limit_per_user,
    epoch: row.epoch,
  };
}

export function toProductRecord(row: Selectable<ProductRow>): ProductRecord {
  const { paused, revision, lowering_to: total, lowering_since: since, lowering_for: to } = row;
  const lowering = total === null || since === null ? undefined : { total, since, ...(to !== null && { to }) };
  const waitingSince = row.waiting_since ?? undefined;
  return { ...toProduct(row), paused: paused === 1, revision, lowering, waitingSince };
}

/** A product that has not sold anything yet. */
export function rowOfProduct(product: SaleProduct): Insertable<ProductRow> {
  return {
    id: product.id,
    sale_id: product.saleId,
    name: product.name,
    price_minor: product.priceMinor,
    currency: product.currency,
    total: product.total,
    reserved: 0,
    sold: 0,
    limit_per_user: product.limitPerUser,
    epoch: product.epoch,
  };
}

export function toOrder(row: Selectable<OrderRow>): Order {
  return {
    reservationId: row.reservation_id,
    saleId: row.sale_id,
    productId: row.product_id,
    userId: row.user_id,
    state: row.state,
    epoch: row.epoch,
    acceptedAtMs: row.accepted_at_ms,
    recordedAtMs: row.recorded_at_ms,
    payBeforeMs: row.pay_before_ms,
    productName: row.product_name ?? "",
    priceMinor: row.price_minor ?? 0,
    currency: row.currency ?? "",
    quantity: row.quantity,
    ...(row.bundle_id !== null && { bundleId: row.bundle_id }),
    paidAtMs: row.paid_at_ms ?? undefined,
    cancelledAtMs: row.cancelled_at_ms ?? undefined,
    expiredAtMs: row.expired_at_ms ?? undefined,
    refundedAtMs: row.refunded_at_ms ?? undefined,
  };
}

export function toPayment(row: PaymentRow): Payment {
  return {
    id: row.id,
    reservationId: row.reservation_id,
    provider: row.provider,
    state: row.state,
    amountMinor: row.amount_minor,
    currency: row.currency,
    createdAtMs: row.created_at_ms,
    ...(row.provider_id !== null && { providerId: row.provider_id }),
    ...(row.pay_url !== null && { payUrl: row.pay_url }),
  };
}

export function toWaiter(row: Selectable<WaiterRow>): Waiter {
  return {
    ...{ saleId: row.sale_id, productId: row.product_id, userId: row.user_id, state: row.state, place: row.place },
    ...{ reservationId: row.reservation_id, windowMs: row.window_ms, joinedAtMs: row.joined_at_ms },
  };
}

export function toUser(row: Selectable<UserRow> & { person_id: string | null }): RegisteredUser {
  return {
    ...{ id: row.id, name: row.name, passwordHash: row.password_hash, createdAtMs: row.created_at_ms },
    sessionEpoch: row.session_epoch,
    ...(row.person_id !== null && { personId: row.person_id }),
  };
}
