import { isIdentifier } from "./identifier.ts";
import type { Quantity } from "./units.ts";
import type { RejectionReason } from "./order.ts";
import type { AcceptedReservation, UnreadableReservation } from "./reservation.ts";

/** A message of a batch as the ledger sees it. A part that the ledger cannot store is undefined. */
export interface BatchEntry extends Quantity {
  readonly reservationId: string | undefined;
  readonly saleId: string | undefined;
  readonly productId: string | undefined;
  readonly userId: string | undefined;
  readonly epoch: number | undefined;
  /** The whole reservation, if every part of it is valid. */
  readonly reservation: AcceptedReservation | undefined;
  /** With an entry that can only be rejected: why. "malformed" when not given. */
  readonly refusal?: Refusal;
}

/** The reasons that lie in the message, and not in the ledger. */
export type Refusal = Extract<RejectionReason, "malformed" | "discarded">;

/** Other programs may write to the queue too: a value is checked here, so that one bad row cannot fail a batch. */
export function entryOf(reservation: AcceptedReservation): BatchEntry {
  const parts = readableParts(reservation);
  const { reservationId, saleId, productId, userId, epoch } = parts;
  const { acceptedAtMs, sequence, quantity } = reservation;
  if (reservationId === undefined || saleId === undefined || productId === undefined) return parts;
  if (userId === undefined || epoch === undefined || !isWhole(acceptedAtMs) || parts.quantity !== quantity)
    return parts;
  const accepted = {
    reservationId,
    saleId,
    productId,
    userId,
    epoch,
    acceptedAtMs,
    ...(quantity !== undefined && { quantity }),
  };
  return { ...parts, reservation: isWhole(sequence) ? { ...accepted, sequence } : accepted };
}

/** An entry that can only be rejected. */
export function readableParts(message: UnreadableReservation): BatchEntry {
  const id = (value: unknown): string | undefined => (isIdentifier(value) ? value : undefined);
  return {
    reservationId: id(message.reservationId),
    saleId: id(message.saleId),
    productId: id(message.productId),
    userId: id(message.userId),
    epoch: isWhole(message.epoch) ? message.epoch : undefined,
    quantity: isWhole(message.quantity) && message.quantity > 0 ? message.quantity : undefined,
    reservation: undefined,
  };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
