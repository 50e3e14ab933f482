import type { Hono } from "hono";
import type { z } from "zod";
import type { Endpoint } from "../contract/endpoint.ts";
import type { FailureCode } from "../contract/failures.ts";
import { describeIssues } from "../contract/describe-issues.ts";
import type { Authorizer, Verdict } from "../authorization/authorizer.ts";
import { bearerToken } from "../authorization/bearer-token.ts";
import type { ClientAddress } from "../authorization/client-address.ts";
import type { Program, Programs } from "../authorization/programs.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import type { InternalSecret } from "../authorization/internal-secret.ts";
import type { Revocations } from "../authorization/revocations.ts";
import { type Session, sessionCookieName, type Sessions } from "../authorization/sessions.ts";
import type { AddressOf } from "./check-admission.ts";
import { failureOf } from "./failure-of.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Logger } from "../logging/logger.ts";
import type { NodeLimits } from "./node-limits.ts";
import { type BodyLimits, readBody, readJsonBody } from "./read-json-body.ts";
import { answer, type AnswerExtras, refuse, type RefusalDetails } from "./refusal.ts";
import { cookieValue, isCrossSite } from "./request-fields.ts";

/** A refusal that the endpoint has declared. */
export interface Refusal<Code extends FailureCode> extends RefusalDetails {
  readonly failure: Code;
}

export interface Success<Value> extends AnswerExtras {
  readonly ok: Value;
  readonly status?: number;
}

/** The input of a handler, validated and typed by the endpoint's declaration. */
export interface EndpointInput<E extends Endpoint> {
  readonly params: z.infer<E["params"]>;
  readonly query: z.infer<E["query"]>;
  readonly body: z.infer<NonNullable<E["body"]>>;
  readonly session: E["authorization"] extends "session" ? Session : Session | undefined;
  /** The program whose key the request has; undefined on listeners for people. */
  readonly program: E["authorization"] extends "program" ? Program : undefined;
  readonly address: string;
  readonly request: Request;
}

/** A handler returns a `Response` itself only if the answer is not JSON. */
export type EndpointAnswer<E extends Endpoint> =
  | Success<z.infer<E["ok"]>>
  | Refusal<E["failures"][number] | "invalid_request" | "limited" | "address_limited" | "overloaded">
  | Response;

export type EndpointHandler<E extends Endpoint> = (
  input: EndpointInput<E>,
) => EndpointAnswer<E> | Promise<EndpointAnswer<E>>;

export interface MountOptions {
  /** These are undefined on a listener that has no buyers. */
  readonly sessions?: Sessions;
  readonly authorizer?: Authorizer;
  readonly revocations?: Pick<Revocations, "isRevoked">;
  /** Whose limit a request without a session counts for; undefined for nobody's. */
  readonly visitorOf?: (request: Request) => string | undefined;
  /** Undefined on a listener that is not for other programs. */
  readonly programs?: Programs;
  readonly clientAddress: ClientAddress;
  /** Of guesses, by address; undefined on a listener that has no buyers. */
  readonly triesPerAddress?: RateLimiter;
  /** Undefined for endpoints that must answer operators even when the gateway is full. */
  readonly nodeLimits: NodeLimits | undefined;
  readonly internalSecret: InternalSecret;
  readonly body: BodyLimits;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

export type GatewayApp = Hono<{ Bindings: { server: AddressOf } }>;

/**
 * Asks the endpoints. Hono would answer HEAD with a length of 0, which is not the one that GET has. So it is asked with GET:
 * Bun sends no body in an answer to HEAD, but its length, and cancels a stream.
 */
export function askApp(app: GatewayApp, request: Request, server: AddressOf): Response | Promise<Response> {
  if (request.method !== "HEAD") return app.fetch(request, { server });
  const peer = { requestIP: () => server.requestIP(request) };
  return app.fetch(new Request(request, { method: "GET" }), { server: peer });
}

/** Who asks. Both are undefined where the endpoint needs neither. */
interface Caller {
  readonly session: Session | undefined;
  readonly program: Program | undefined;
}

const nobody: Caller = { session: undefined, program: undefined };

/** A validated value, or the refusal that makes calling the handler needless. */
type Checked<T> = { readonly value: T } | { readonly failure: FailureCode; readonly details?: RefusalDetails };

/** Mounts a declared endpoint: validates the input by the declaration, calls the handler, encodes the outcome. */
export function mountEndpoint<E extends Endpoint>(
  app: GatewayApp,
  endpoint: E,
  options: MountOptions,
  handler: EndpointHandler<E>,
): void {
  app.on(endpoint.method, endpoint.path, async (context) => {
    const request = context.req.raw;
    // Asked at once: nobody knows the address any more when the client has gone.
    const peer = context.env.server.requestIP(request)?.address ?? "";
    const address = options.clientAddress.keyOf(peer, request.headers);
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
  if (options.nodeLimits?.enter() === false) return turnAway(options, "overloaded", { retryAfterSeconds: 1 });
  let caller = nobody;
  const refusal = (code: FailureCode, details?: RefusalDetails): Response => {
    if (caller.program !== undefined) options.programs?.countRefusal(caller.program);
    return turnAway(options, code, details);
  };
  try {
    const allowed = await authorize(endpoint, options, request);
    if ("failure" in allowed) return refusal(allowed.failure, allowed.details);
    caller = allowed.value;
    // Before the body: whoever sends it byte by byte keeps a place of the gateway for so long.
    const waitMs = endpoint.isTry ? (options.triesPerAddress?.take(address, options.elapsedMs()) ?? 0) : 0;
    if (waitMs > 0) {
      const { failure, ...details } = addressLimited(waitMs);
      return refusal(failure, details);
    }
    const read = await readInput(endpoint, options, request, params);
    if ("failure" in read) return refusal(read.failure, read.details);
    const outcome = await handler({ ...read.value, ...caller, address, request } as EndpointInput<E>);
    if (outcome instanceof Response) return outcome;
    if (!("failure" in outcome)) {
      return answer(outcome.ok, outcome.status ?? endpoint.okStatuses[0] ?? 200, outcome);
    }
    const { failure, ...details } = outcome;
    return refusal(failure, details);
  } catch (error) {
    const { failure, ...details } = failureOf(error, options.logger, `${endpoint.method} ${endpoint.path}`);
    return refusal(failure, details);
  } finally {
    options.nodeLimits?.leave();
  }
}

function turnAway({ metrics }: MountOptions, code: FailureCode, details?: RefusalDetails): Response {
  metrics.refusals.add(code);
  return refuse(code, details);
}

/**
 * Finds the session of a request, and checks whether the request is allowed and within the user's limit. This comes before
 * anything else about the request is read: a refusal must cost less than an answer.
 */
async function authorize(endpoint: Endpoint, options: MountOptions, request: Request): Promise<Checked<Caller>> {
  if (endpoint.isShared) return { value: nobody };
  if (endpoint.method !== "GET" && isCrossSite(request)) return { failure: "cross_site" };
  if (endpoint.authorization === "internal") {
    const isRight = options.internalSecret.isRight(bearerToken(request.headers));
    return isRight ? { value: nobody } : { failure: "internal_secret_wrong" };
  }
  if (endpoint.authorization === "program") return authorizeProgram(options, request);
  const { authorizer } = options;
  const session = authorizer && readSession(options, request);
  if (session === undefined && endpoint.authorization === "session") return { failure: "session_required" };
  const userId = session?.userId ?? options.visitorOf?.(request);
  if (userId === undefined || authorizer === undefined) return { value: nobody };
  const verdict = authorizer.decide({ kind: endpoint.limit, userId });
  const refusal = refusalOf(verdict instanceof Promise ? await verdict : verdict);
  if (refusal === undefined) return { value: { session, program: undefined } };
  const { failure, ...details } = refusal;
  return { failure, details };
}

/** What a user is told who may not ask now; undefined for one who may. */
export function refusalOf(verdict: Verdict): Refusal<"overloaded" | "limited"> | undefined {
  if (verdict.kind === "busy") return { failure: "overloaded", retryAfterSeconds: 1 };
  if (!("waitMs" in verdict) || verdict.waitMs === 0) return undefined;
  return { failure: "limited", retryAfterSeconds: Math.ceil(verdict.waitMs / 1000) };
}

export function addressLimited(waitMs: number): Refusal<"address_limited"> {
  return { failure: "address_limited", retryAfterSeconds: Math.ceil(waitMs / 1000) };
}

/** Names under which programs put a key into an address, where logs and proxies would keep it. */
const keyParameters = ["key", "api_key", "apiKey", "token", "access_token", "authorization"];

function authorizeProgram({ programs, elapsedMs }: MountOptions, request: Request): Checked<Caller> {
  const parameters = new URL(request.url).searchParams;
  if (keyParameters.some((name) => parameters.has(name))) return { failure: "key_in_address" };
  const admission = programs?.admit(bearerToken(request.headers), elapsedMs()) ?? { kind: "unknown" };
  switch (admission.kind) {
    case "unknown":
      return { failure: "program_key_wrong" };
    case "limited":
      programs?.countRefusal(admission.program);
      return { failure: "limited", details: { retryAfterSeconds: Math.ceil(admission.waitMs / 1000) } };
    case "admitted":
      return { value: { session: undefined, program: admission.program } };
  }
}

async function readInput(
  endpoint: Endpoint,
  options: MountOptions,
  request: Request,
  pathParams: Record<string, string>,
): Promise<Checked<{ params: unknown; query: unknown; body: unknown }>> {
  const params = parse(endpoint.params, pathParams, "the path");
  if ("failure" in params) return params;
  const parameters = new URL(request.url).searchParams;
  const message = faultOf(parameters);
  if (message !== undefined) return { failure: "invalid_request", details: { message } };
  const query = parse(endpoint.query, Object.fromEntries(parameters), "the query");
  if ("failure" in query) return query;
  if (endpoint.body === undefined) {
    const refused = isForPrograms(endpoint) ? await refuseBody(request, options.body) : undefined;
    if (refused !== undefined) return refused;
    return { value: { params: params.value, query: query.value, body: undefined } };
  }
  const json = await readJsonBody(request, options.body);
  if ("failure" in json) {
    return { failure: json.failure, details: json.message === undefined ? {} : { message: json.message } };
  }
  const body = parse(endpoint.body, json.value, "the body");
  if ("failure" in body) return body;
  return { value: { params: params.value, query: query.value, body: body.value } };
}

/** No endpoint knows half as many. Each is compared with all others, and nothing has been counted yet. */
const maxParameters = 32;

function faultOf(parameters: URLSearchParams): string | undefined {
  if (parameters.size > maxParameters) {
    return `The address has ${parameters.size} parameters; it may have ${maxParameters} at most.`;
  }
  // Two programs could read different values from the same address.
  const twice = [...parameters.keys()].find((name) => parameters.getAll(name).length > 1);
  return twice === undefined ? undefined : `The address has the parameter ${JSON.stringify(twice.slice(0, 80))} twice.`;
}

/** All of them would make a long answer to a short request. */
const maxProblems = 10;

function parse(schema: z.ZodType, input: unknown, name: string): Checked<unknown> {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data };
  const isSecret = (key: string): boolean => key === "password" || key === "token";
  const problems = describeIssues(result.error.issues, { schema, input, name, isSecret });
  const more = problems.length > maxProblems ? `; and ${problems.length - maxProblems} more` : "";
  return { failure: "invalid_request", details: { message: problems.slice(0, maxProblems).join("; ") + more } };
}

/** A program that names in a body what belongs into the query would change more than it wants. Browsers may send anything. */
function isForPrograms({ authorization }: Endpoint): boolean {
  return authorization === "internal" || authorization === "program";
}

const emptyObject = "{}";

/** An empty object says nothing, and neither does an empty body of which nobody told the length. All else is refused. */
async function refuseBody(request: Request, limits: BodyLimits): Promise<Checked<never> | undefined> {
  const body = await readBody(request, { ...limits, maxBytes: emptyObject.length });
  const isSlow = "failure" in body && body.failure === "body_too_slow";
  if (isSlow) return { failure: "body_too_slow", details: { message: body.message } };
  const saysNothing = "bytes" in body && ["", emptyObject].includes(Buffer.from(body.bytes).toString("latin1"));
  if (saysNothing && !isHidden(request)) return undefined;
  return { failure: "invalid_request", details: { message: "This address takes no body: only path and query." } };
}

/** Bun hands on no body of a GET, so nobody can tell whether one of unknown length is empty. */
function isHidden({ method, headers }: Request): boolean {
  return method === "GET" && headers.has("transfer-encoding");
}

function readSession(options: MountOptions, request: Request): Session | undefined {
  const cookie = cookieValue(request.headers, sessionCookieName);
  const session = cookie === undefined ? undefined : options.sessions?.read(cookie, options.now());
  // A session that is over is none.
  if (session === undefined || options.revocations?.isRevoked(session.userId, session.mark) === true) return undefined;
  return session;
}
