import { z } from "zod";
import { maxIdentifierLength } from "../domain/identifier.ts";

/** Version of the message's form. A consumer treats a message of another version as undecodable. */
export const reservationMessageVersion = 1;

/** Only the length is checked here: the ledger checks the rest, and answers the buyer of a message that it refuses. */
const identifier = z.string().min(1).max(maxIdentifierLength);

/**
 * Body of one queue message: JSON, UTF-8, one accepted reservation.
 * Unknown keys are ignored, so that a newer publisher may add some without breaking older consumers.
 */
export const reservationMessage = z.object({
  version: z.literal(reservationMessageVersion),
  reservationId: identifier,
  saleId: identifier,
  productId: identifier,
  userId: identifier,
  epoch: z.int().min(1),
  /** Units; a message without it is for one. Consumers of before this field would record one unit. */
  quantity: z.int().min(1).optional(),
  /** The gate's own clock at acceptance, Unix milliseconds. */
  acceptedAtMs: z.int().min(0),
  /** The gate's sequence for the product at acceptance. Older relays do not send it. */
  sequence: z.int().min(0).optional().catch(undefined),
  /**
   * The trace of the purchase (W3C Trace Context), if the publisher traces. A malformed value counts as missing,
   * because it must not cost the buyer the unit.
   */
  traceparent: z.string().max(64).optional().catch(undefined),
});

export type ReservationMessage = z.infer<typeof reservationMessage>;

/** No valid message is nearly as large. A larger body is refused without being parsed. */
export const maxReservationMessageBytes = 16_384;
