import type { HeldReservation } from "../domain/reservation.ts";

/** A reservation as the gate's keys and scripts have it: its id, and behind it {n} for n units. No id has a brace. */
export function heldText({ reservationId, quantity = 1 }: HeldReservation): string {
  return quantity === 1 ? reservationId : `${reservationId}{${quantity}}`;
}

export function readHeldText(text: string): HeldReservation {
  const brace = text.indexOf("{");
  if (brace < 0) return { reservationId: text };
  return { reservationId: text.slice(0, brace), quantity: Number(text.slice(brace + 1, -1)) };
}
