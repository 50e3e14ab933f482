import { isIdentifier } from "../domain/identifier.ts";
import type { UnreadableReservation } from "../domain/reservation.ts";

/** Longer bodies cannot be reservations and are not parsed. */
const maxBodyBytes = 64 * 1024;

/**
 * Reads as much as possible of a message that is not a valid reservation, so that its buyer can get an answer. Gives
 * undefined when the message has no valid reservation id.
 */
export function salvageReservation(body: Uint8Array): UnreadableReservation | undefined {
  if (body.byteLength > maxBodyBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const { reservationId } = fields;
  if (!isIdentifier(reservationId)) return undefined;
  const text = (name: string): string | undefined => (isIdentifier(fields[name]) ? fields[name] : undefined);
  const { epoch } = fields;
  return {
    reservationId,
    saleId: text("saleId"),
    productId: text("productId"),
    userId: text("userId"),
    epoch: typeof epoch === "number" ? epoch : undefined,
  };
}
