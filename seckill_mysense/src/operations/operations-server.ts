import type { InternalSecret } from "../authorization/internal-secret.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { DeadLetterState } from "../ledger/dead-letters.ts";
import type { Logger } from "../logging/logger.ts";
import type { DeadLetters, SettleResult } from "../orders/dead-letters.ts";
import { describeLetter, describeResult } from "./dead-letter-view.ts";
import type { Figures } from "./heartbeat-details.ts";
import { operationsMetrics } from "./operations-metrics.ts";

export interface OperationsServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly health: HealthBoard;
  readonly figures: () => Figures;
  /** The longest waiting lists: product id to how many wait. */
  readonly longestLists: () => Figures;
  readonly deadLetters: DeadLetters;
  /** Dead letters hold what buyers ordered, so they are shown and settled only with this secret. */
  readonly internalSecret: InternalSecret;
  readonly logger: Logger;
}

export interface OperationsServer {
  readonly port: number;
  stop(): void;
}

const maxBodyBytes = 4_096;
const maxNameLength = 100;
const states: readonly DeadLetterState[] = ["waiting", "replayed", "discarded"];

/** The listener of a role for operators and monitors. @throws when the port is taken (code EADDRINUSE) */
export function startOperationsServer(options: OperationsServerOptions): OperationsServer {
  const { host, port, health, figures, longestLists, logger } = options;
  const internal =
    (respond: (request: Bun.BunRequest) => Promise<Response>) =>
    (request: Bun.BunRequest): Response | Promise<Response> =>
      isAuthorized(request, options.internalSecret) ? respond(request) : notAuthorized();
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: false,
    development: false,
    maxRequestBodySize: maxBodyBytes,
    idleTimeout: 30,
    routes: {
      "/healthz": { GET: () => json({ status: "ok" }) },
      "/readyz": { GET: () => readiness(health) },
      "/metrics": { GET: async () => metricsText(await operationsMetrics(figures(), health, longestLists())) },
      "/dead-letters": { GET: internal((request) => list(options.deadLetters, request)) },
      "/dead-letters/:id": { GET: internal((request) => show(options.deadLetters, idOf(request))) },
      "/dead-letters/:id/:action": { POST: internal((request) => settle(options.deadLetters, request)) },
    },
    fetch: () => json({ error: "not_found", message: "There is nothing at this address." }, 404),
    error(error) {
      logger.error("a request of an operator failed", { error: error.stack ?? error.message });
      return json({ error: "internal", message: error.message }, 500);
    },
  });
  return { port: server.port ?? 0, stop: () => void server.stop(true) };
}

function readiness(health: HealthBoard): Response {
  const { readiness: status, parts } = health;
  return json({ status, parts }, status === "unready" ? 503 : 200);
}

function metricsText(text: string): Response {
  const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" };
  return new Response(text, { headers });
}

function isAuthorized(request: Request, secret: InternalSecret): boolean {
  const [scheme, shown] = (request.headers.get("authorization") ?? "").split(" ");
  return scheme?.toLowerCase() === "bearer" && secret.isRight(shown);
}

function notAuthorized(): Response {
  const message =
    "Dead letters need backend.internal_secret as Bearer token; while it is empty nobody may see them here.";
  return json({ error: "not_authorized", message }, 401);
}

const idOf = (request: Bun.BunRequest): string => (request.params as { readonly id: string }).id;

async function list(deadLetters: DeadLetters, request: Request): Promise<Response> {
  const wanted = new URL(request.url).searchParams.get("state") ?? "waiting";
  const state = states.find((known) => known === wanted);
  if (state === undefined) return invalid(`state is ${JSON.stringify(wanted)}, not one of ${states.join(", ")}`);
  return json({ deadLetters: (await deadLetters.list(state)).map(describeLetter) });
}

async function show(deadLetters: DeadLetters, id: string): Promise<Response> {
  const letter = await deadLetters.read(id);
  if (letter !== undefined) return json(describeLetter(letter));
  return json({ error: "not_found", message: describeResult({ kind: "not_found" }, id) }, 404);
}

const settleStatuses = { done: 200, already: 200, refused: 409, not_found: 404 } as const;

async function settle(deadLetters: DeadLetters, request: Bun.BunRequest): Promise<Response> {
  const { id, action } = request.params as { readonly id: string; readonly action: string };
  if (action !== "replay" && action !== "discard") return invalid(`${action} is neither replay nor discard`);
  const by = await readName(request);
  if (by === undefined)
    return invalid(`the body must be JSON such as {"by":"ada"}, with 1 to ${maxNameLength} characters`);
  const result: SettleResult = await deadLetters[action](id, by);
  return json({ result: result.kind, message: describeResult(result, id) }, settleStatuses[result.kind]);
}

async function readName(request: Request): Promise<string | undefined> {
  try {
    const { by } = (await request.json()) as { by?: unknown };
    return typeof by === "string" && by.trim() !== "" && by.length <= maxNameLength ? by : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (message: string): Response => json({ error: "invalid_request", message }, 400);

function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store" } });
}
