import { z } from "zod";
import { maxIdentifierLength } from "../domain/identifier.ts";

const printable = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Ids of sales and products, which people choose. Stricter than the rule for every id (domain/identifier.ts), because
 * these stand in addresses.
 */
const chosenId = () =>
  z.string().min(1).max(maxIdentifierLength).regex(printable, "letters, digits, dot, dash and underscore");
export const saleId = chosenId();
export const productId = chosenId();

/** The id that a merchant gives to a change, so that a repeated one counts once. */
export const changeId = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[A-Za-z0-9_-]+$/, "letters, digits, dash and underscore");

/** A reservation's id, as tokens carry it. */
export const reservationId = z
  .string()
  .min(1)
  .max(maxIdentifierLength)
  .regex(/^[A-Za-z0-9_-]+$/, "letters, digits, dash and underscore");

/** Unix milliseconds. */
export const timestampMs = z.number().int().nonnegative();
