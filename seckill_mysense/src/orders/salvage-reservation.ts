import { reservationMessageVersion } from "../contract/reservation-message.ts";
import { isIdentifier } from "../domain/identifier.ts";
import type { UnreadableReservation } from "../domain/reservation.ts";

/** Longer bodies cannot be reservations and are not parsed. */
const maxBodyBytes = 64 * 1024;

export interface Salvaged {
  /** What could be read, so that the buyer can get an answer. Undefined without a valid reservation id. */
  readonly reservation: UnreadableReservation | undefined;
  /** A newer program wrote the message: it may well be a valid reservation. */
  readonly isNewerVersion: boolean;
}

const nothing: Salvaged = { reservation: undefined, isNewerVersion: false };

/** Reads as much as possible of a message that is not a reservation as this program knows it. */
export function salvageReservation(body: Uint8Array): Salvaged {
  if (body.byteLength > maxBodyBytes) return nothing;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return nothing;
  }
  if (typeof value !== "object" || value === null) return nothing;
  const fields = value as Record<string, unknown>;
  const { reservationId, version, epoch, quantity } = fields;
  const isNewerVersion = typeof version === "number" && version > reservationMessageVersion;
  if (!isIdentifier(reservationId)) return { reservation: undefined, isNewerVersion };
  const text = (name: string): string | undefined => (isIdentifier(fields[name]) ? fields[name] : undefined);
  const reservation = {
    reservationId,
    saleId: text("saleId"),
    productId: text("productId"),
    userId: text("userId"),
    epoch: typeof epoch === "number" ? epoch : undefined,
    quantity: typeof quantity === "number" ? quantity : undefined,
  };
  return { reservation, isNewerVersion };
}
