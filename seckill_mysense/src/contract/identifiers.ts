import { z } from "zod";

const printable = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Ids of sales and products, chosen when the sale is created. */
export const saleId = z.string().min(1).max(64).regex(printable, "letters, digits, dot, dash and underscore");
export const productId = z.string().min(1).max(64).regex(printable, "letters, digits, dot, dash and underscore");

/** A reservation's id, as tokens carry it. */
export const reservationId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, "letters, digits, dash and underscore");

/** Unix milliseconds. */
export const timestampMs = z.number().int().nonnegative();
