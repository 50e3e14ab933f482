import { z } from "zod";
import type { FailureCode } from "./failures.ts";

type ObjectSchema = z.ZodObject;
const nothing = z.object({});
type Nothing = typeof nothing;

/**
 * `session`: the session cookie. `sale_token`: the token from POST /api/token. `either`: one of these two. `internal`:
 * the internal secret as Bearer token. `program`: the key of another program as Bearer token.
 */
export type Authorization = "none" | "session" | "sale_token" | "either" | "internal" | "program";

/** `room`: what is asked of a waiting room, the most frequent requests at the start of a sale. `api`: all else. */
export type UserLimit = "api" | "room";

/**
 * One endpoint of the HTTP interface. Validation, handler types, /openapi.json and the page's client derive from it.
 */
export interface Endpoint<
  Params extends ObjectSchema = ObjectSchema,
  Query extends ObjectSchema = ObjectSchema,
  Body extends z.ZodType = z.ZodType,
  Ok extends z.ZodType = z.ZodType,
  Failure extends FailureCode = FailureCode,
  Access extends Authorization = Authorization,
> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path parameters have the form `:name`. */
  readonly path: string;
  readonly summary: string;
  readonly authorization: Access;
  /** The limit per user that a request counts for. */
  readonly limit: UserLimit;
  /** Whether a request uses up one of the tries of its address: of those by which passwords and names are guessed. */
  readonly isTry: boolean;
  /** The same answer for everybody, which caches keep: no session is looked at, and the request counts for no user's limit. */
  readonly isShared: boolean;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body | undefined;
  readonly ok: Ok;
  /** The statuses of success, the default first. */
  readonly okStatuses: readonly number[];
  readonly okContentType: string;
  readonly failures: readonly Failure[];
}

interface Declaration<
  Params extends ObjectSchema,
  Query extends ObjectSchema,
  Body extends z.ZodType,
  Ok extends z.ZodType,
  Failure extends FailureCode,
  Access extends Authorization,
> {
  method: Endpoint["method"];
  path: string;
  summary: string;
  authorization?: Access;
  limit?: UserLimit;
  isTry?: boolean;
  isShared?: boolean;
  params?: Params;
  query?: Query;
  body?: Body;
  ok: Ok;
  okStatuses?: readonly number[];
  okContentType?: string;
  failures?: readonly Failure[];
}

/** Declares an endpoint. By default it has no input, needs no authorization, counts for `api`, and answers 200 with JSON. */
export function endpoint<
  Ok extends z.ZodType,
  Params extends ObjectSchema = Nothing,
  Query extends ObjectSchema = Nothing,
  Body extends z.ZodType = z.ZodUndefined,
  Failure extends FailureCode = never,
  Access extends Authorization = "none",
>(
  declaration: Declaration<Params, Query, Body, Ok, Failure, Access>,
): Endpoint<Params, Query, Body, Ok, Failure, Access> {
  return {
    method: declaration.method,
    path: declaration.path,
    summary: declaration.summary,
    authorization: declaration.authorization ?? ("none" as Access),
    limit: declaration.limit ?? "api",
    isTry: declaration.isTry ?? false,
    isShared: declaration.isShared ?? false,
    params: declaration.params ?? (nothing as Params & Nothing),
    query: declaration.query ?? (nothing as Query & Nothing),
    body: declaration.body,
    ok: declaration.ok,
    okStatuses: declaration.okStatuses ?? [200],
    okContentType: declaration.okContentType ?? "application/json",
    failures: declaration.failures ?? [],
  };
}

/** Refusals that every endpoint can return. Declarations do not repeat them. */
export const generalFailures = [
  "invalid_request",
  "limited",
  "address_limited",
  "overloaded",
  "ledger_unavailable",
  "internal",
] as const satisfies readonly FailureCode[];

/** Further refusals of every endpoint that reads a body. */
export const bodyFailures = [
  "malformed_json",
  "body_too_large",
  "body_too_slow",
  "unsupported_media_type",
  "cross_site",
] as const satisfies readonly FailureCode[];

/** The JSON body of a refusal. */
export const failureBody = z.object({
  error: z.string().describe("The code of the refusal."),
  message: z.string().describe("The same for people."),
  retryAfterSeconds: z.number().optional().describe("When to come back, as in Retry-After."),
  startsAtMs: z.number().optional().describe("With not_started: the start of the sale, Unix milliseconds."),
  opensAtMs: z.number().optional().describe("With room_not_open: when the entry opens, Unix milliseconds."),
  left: z.number().optional().describe("With too_few_left and over_limit: how many units can still be asked for."),
  productID: z
    .string()
    .optional()
    .describe("With the refusal of a bundle: the product because of which it was refused."),
  reservation: z
    .string()
    .optional()
    .describe(
      "With over_limit, where the gate says it: the reservation by which the user holds units of the product, of a bundle the bundle's id.",
    ),
  canWait: z
    .boolean()
    .optional()
    .describe("With sold_out: true if units that come back are offered to those who join POST /api/waiting-list."),
});
export type FailureBody = z.infer<typeof failureBody>;
