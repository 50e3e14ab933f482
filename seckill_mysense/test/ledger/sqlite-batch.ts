import type { AcceptedReservation } from "../../src/domain/reservation.ts";

/** The batch of a writer with a number. Both sides of the crash test compute it. */
export function batchOf(writer: string, number: number, saleId: string, productId: string): AcceptedReservation[] {
  return Array.from({ length: 10 }, (_, index) => {
    const id = `${writer}-${number}-${index}`;
    return { reservationId: id, saleId, productId, userId: id, epoch: 1, acceptedAtMs: 1 };
  });
}
