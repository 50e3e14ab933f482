import type { Hono } from "hono";
import type { z } from "zod";
import type { Endpoint } from "../contract/endpoint.ts";
import type { FailureCode } from "../contract/failures.ts";
import { describeIssues } from "../contract/describe-issues.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import { type Session, sessionCookieName, type Sessions } from "../authorization/sessions.ts";
import { type AddressOf } from "./check.ts";
import { failureOf } from "./failure-of.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Logger } from "../logging/logger.ts";
import { readJsonBody } from "./read-json-body.ts";
import { answer, refuse, type RefusalDetails } from "./refusal.ts";
import { cookieValue } from "./request-fields.ts";

/** A refusal that the endpoint has declared. */
export interface Refusal<Code extends FailureCode> extends RefusalDetails {
  readonly failure: Code;
}

export interface Success<Value> {
  readonly ok: Value;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the handler gets: everything checked, in the types that the declaration names. */
export interface EndpointInput<E extends Endpoint> {
  readonly params: z.infer<E["params"]>;
  readonly query: z.infer<E["query"]>;
  readonly body: z.infer<NonNullable<E["body"]>>;
  readonly session: E["authorization"] extends "session" ? Session : Session | undefined;
  readonly address: string;
  readonly request: Request;
}

/** A `Response` for what is not JSON. */
export type EndpointAnswer<E extends Endpoint> =
  | Success<z.infer<E["ok"]>>
  | Refusal<E["failures"][number] | "limited" | "overloaded">
  | Response;

export type EndpointHandler<E extends Endpoint> = (
  input: EndpointInput<E>,
) => EndpointAnswer<E> | Promise<EndpointAnswer<E>>;

export interface MountOptions {
  readonly sessions: Sessions;
  readonly perUser: RateLimiter;
  readonly maxBodyBytes: number;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly now: () => number;
}

export type GatewayApp = Hono<{ Bindings: { server: AddressOf } }>;

/** Refusals that are found before the handler is asked. */
type Checked<T> = { readonly value: T } | { readonly refusal: Response };

/** Puts a declared endpoint on the server: reads and checks what it declares, and turns outcomes into responses. */
export function mountEndpoint<E extends Endpoint>(
  app: GatewayApp,
  endpoint: E,
  options: MountOptions,
  handler: EndpointHandler<E>,
): void {
  app.on(endpoint.method, endpoint.path, async (context) => {
    const request = context.req.raw;
    const address = context.env.server.requestIP(request)?.address ?? "";
    const response = await respond(endpoint, options, handler, request, context.req.param(), address);
    options.metrics.requests.add(`${endpoint.method} ${endpoint.path} ${response.status}`);
    return response;
  });
}

async function respond<E extends Endpoint>(
  endpoint: E,
  options: MountOptions,
  handler: EndpointHandler<E>,
  request: Request,
  params: Record<string, string>,
  address: string,
): Promise<Response> {
  try {
    if (endpoint.method !== "GET" && isCrossSite(request)) return refuse("cross_site");
    const session = readSession(options, request);
    if (endpoint.authorization === "session" && session === undefined) return refuse("session_required");
    const waitMs = session === undefined ? 0 : options.perUser.take(session.userId, options.now());
    if (waitMs > 0) return refuse("limited", { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    const read = await readInput(endpoint, options, request, params);
    if ("refusal" in read) return read.refusal;
    return toResponse(endpoint, await handler({ ...read.value, session, address, request } as EndpointInput<E>));
  } catch (error) {
    return failureOf(error, options.logger, `${endpoint.method} ${endpoint.path}`);
  }
}

async function readInput(
  endpoint: Endpoint,
  options: MountOptions,
  request: Request,
  pathParams: Record<string, string>,
): Promise<Checked<{ params: unknown; query: unknown; body: unknown }>> {
  const params = parse(endpoint.params, pathParams, "the path");
  if ("refusal" in params) return params;
  const query = parse(endpoint.query, Object.fromEntries(new URL(request.url).searchParams), "the query");
  if ("refusal" in query) return query;
  if (endpoint.body === undefined) return { value: { params: params.value, query: query.value, body: undefined } };
  const json = await readJsonBody(request, options.maxBodyBytes);
  if ("failure" in json)
    return { refusal: refuse(json.failure, json.message === undefined ? {} : { message: json.message }) };
  const body = parse(endpoint.body, json.value, "the body");
  if ("refusal" in body) return body;
  return { value: { params: params.value, query: query.value, body: body.value } };
}

function parse(schema: z.ZodType, input: unknown, name: string): Checked<unknown> {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data };
  const isSecret = (key: string): boolean => key === "password" || key === "token";
  const problems = describeIssues(result.error.issues, { schema, input, name, isSecret });
  return { refusal: refuse("invalid_request", { message: problems.join("; ") }) };
}

function readSession(options: MountOptions, request: Request): Session | undefined {
  const cookie = cookieValue(request.headers, sessionCookieName);
  return cookie === undefined ? undefined : options.sessions.read(cookie, options.now());
}

/** Browsers say where a request comes from; programs do not, and carry no cookies of other people. */
function isCrossSite(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== request.headers.get("host");
}

function toResponse<E extends Endpoint>(endpoint: E, outcome: EndpointAnswer<E>): Response {
  if (outcome instanceof Response) return outcome;
  if ("failure" in outcome) {
    const { failure, ...details } = outcome;
    return refuse(failure, details);
  }
  return answer(outcome.ok, outcome.status ?? endpoint.okStatuses[0] ?? 200, outcome.headers);
}
