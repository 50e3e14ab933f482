import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import type { Gate } from "../../src/gate/gate.ts";
import type { GateProduct } from "../../src/gate/product-keys.ts";

let reservations = 0;

/** The gate accepts one more reservation, of a user of its own, and a relay takes it out of the outbox. */
export async function acceptAndHandOver(gate: Gate, product: GateProduct): Promise<AcceptedReservation> {
  reservations++;
  const request = { saleId: product.saleId, productId: product.id };
  const outcome = await gate.reserve({
    ...request,
    reservationId: `handed-over-${reservations}`,
    userId: `user-${reservations}`,
  });
  if (outcome.kind !== "accepted") throw new Error(`the gate has not accepted: ${outcome.kind}`);
  const entries = await gate.readOutbox(product, "relay", 1_000);
  await gate.acknowledgeOutbox(
    product,
    entries.map(({ entryId }) => entryId),
  );
  return outcome.reservation;
}
