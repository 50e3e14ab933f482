import { z } from "zod";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { productId, reservationId, saleId, timestampMs } from "./identifiers.ts";
import { healthz, openapi, readyz } from "./operation.ts";

/** Most products in one question for what is left. */
export const maxRemainingProducts = 100;

const nameInAddress = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._:-]*$/,
      "letters, digits, dot, dash, colon and underscore, a letter or digit first",
    );

export const requestId = nameInAddress(64).describe(
  "The program's own id of this reservation, of its choice. Repeating a request with it repeats the answer.",
);
const userId = nameInAddress(40).describe(
  "The program's user, for the limit per user. Without one no such limit holds.",
);
const quantity = z.int().min(1).max(1_000);
const quantityInQuery = z.coerce.number().pipe(quantity).default(1).describe("How many units.");
const quantityInBody = quantity.default(1).describe("How many units.");

export const programReservationStatus = z
  .enum(["pending", "reserved", "confirmed", "released", "expired", "rejected", "lost", "called_off"])
  .describe(
    "pending: a unit was set aside, and is not in the ledger yet. reserved: it is, and is to be confirmed before " +
      "confirmBeforeMs. called_off: its sale was cancelled after the confirmation. lost: the gate has lost data, and " +
      "nothing was ordered.",
  );

export const programReservation = z.object({
  requestID: requestId,
  reservation: reservationId.describe("The id in the book of orders."),
  productID: productId,
  userID: z.string().nullable().describe("The program's user, if it named one."),
  quantity: z.number().int(),
  status: programReservationStatus,
  reason: z.string().optional().describe("With rejected: why."),
  confirmBeforeMs: timestampMs.optional().describe("With reserved: the units go back if it is not confirmed by then."),
});
export type ProgramReservation = z.infer<typeof programReservation>;

export const remainingUnits = z.object({
  productID: productId,
  saleID: saleId,
  remaining: z
    .number()
    .int()
    .nullable()
    .describe("Units left, about a second old; null when unknown. Only the answer to a reservation counts."),
  total: z.number().int(),
  startsAtMs: timestampMs,
  endsAtMs: timestampMs,
  paused: z.boolean(),
});
export type RemainingUnits = z.infer<typeof remainingUnits>;

const forPrograms = { authorization: "program" } as const;
const programFailures = ["program_key_wrong", "key_in_address", "program_not_allowed"] as const;

const reserving = {
  ...forPrograms,
  ok: programReservation,
  okStatuses: [202, 200],
  failures: [
    ...programFailures,
    "too_few_left",
    "over_limit",
    "product_not_found",
    "request_conflict",
    "user_limit",
    "sold_out",
    "sale_ended",
    "not_started",
    "sale_paused",
    "gate_closed",
    "gate_unavailable",
  ],
} as const;

export const getOne = endpoint({
  ...reserving,
  method: "GET",
  path: "/getOne",
  summary: "Reserves units: 202 set aside now, 200 the same reservation again.",
  query: z.strictObject({
    productID: productId,
    requestID: requestId,
    quantity: quantityInQuery,
    userID: userId.optional(),
  }),
});

export const reserve = endpoint({
  ...reserving,
  method: "POST",
  path: "/reservations",
  summary: "The same as /getOne.",
  body: z.strictObject({
    productID: productId,
    requestID: requestId,
    quantity: quantityInBody,
    userID: userId.optional(),
  }),
});

const one = {
  ...forPrograms,
  params: z.object({ requestID: requestId }),
  query: z.strictObject({}),
  ok: programReservation,
} as const;
const oneFailures = [...programFailures, "reservation_not_found", "gate_unavailable"] as const;

export const readProgramReservation = endpoint({
  ...one,
  method: "GET",
  path: "/reservations/:requestID",
  summary: "Tells a program what became of its reservation.",
  failures: oneFailures,
});

export const confirm = endpoint({
  ...one,
  method: "POST",
  path: "/reservations/:requestID/confirm",
  summary: "Takes the units for good, for example because they were paid elsewhere. Repeating it changes nothing.",
  failures: [...oneFailures, "not_confirmable", "not_recorded_yet"],
});

export const release = endpoint({
  ...one,
  method: "POST",
  path: "/reservations/:requestID/release",
  summary: "Gives the units of a reservation back that is not confirmed. Repeating it changes nothing.",
  failures: [...oneFailures, "not_releasable", "not_recorded_yet"],
});

export const readRemaining = endpoint({
  ...forPrograms,
  method: "GET",
  path: "/remaining/:productID",
  summary: "The units of one product that are left.",
  params: z.object({ productID: productId }),
  query: z.strictObject({}),
  ok: remainingUnits,
  failures: [...programFailures, "product_not_found"],
});

export const listRemaining = endpoint({
  ...forPrograms,
  method: "GET",
  path: "/remaining",
  summary: "The units of many products that are left. Products that the program may not see are left out.",
  query: z.strictObject({
    productIDs: z
      .string()
      .transform((text) => text.split(","))
      .pipe(z.array(productId).min(1).max(maxRemainingProducts))
      .describe(`At most ${maxRemainingProducts} ids, separated by commas.`),
  }),
  ok: z.object({ products: z.array(remainingUnits) }),
  failures: programFailures,
});

/** The interface for other programs, on a listener of its own. */
export const quantityEndpoints = {
  getOne,
  reserve,
  read: readProgramReservation,
  confirm,
  release,
  readRemaining,
  listRemaining,
  healthz,
  readyz,
  openapi,
} as const satisfies Record<string, Endpoint>;
