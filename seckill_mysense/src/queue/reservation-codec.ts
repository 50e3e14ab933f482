import {
  maxReservationMessageBytes,
  reservationMessage,
  reservationMessageVersion,
  type ReservationMessage,
} from "../contract/reservation-message.ts";
import type { AcceptedReservation } from "../domain/reservation.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeReservation(reservation: AcceptedReservation): Uint8Array {
  const message: ReservationMessage = {
    version: reservationMessageVersion,
    reservationId: reservation.reservationId,
    saleId: reservation.saleId,
    productId: reservation.productId,
    userId: reservation.userId,
    epoch: reservation.epoch,
    quantity: reservation.quantity,
    acceptedAtMs: reservation.acceptedAtMs,
    sequence: reservation.sequence,
    traceparent: reservation.traceparent,
  };
  return Buffer.from(JSON.stringify(message), "utf8");
}

/** Undefined if the bytes are not a reservation message; the consumer decides about such a body. */
export function decodeReservation(body: Uint8Array): AcceptedReservation | undefined {
  if (body.byteLength > maxReservationMessageBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
  const parsed = reservationMessage.safeParse(value);
  if (!parsed.success) return undefined;
  const { version: _, ...reservation } = parsed.data;
  return reservation;
}
