import { bearerToken } from "../authorization/bearer-token.ts";
import type { InternalSecret } from "../authorization/internal-secret.ts";
import { isLoopbackHost } from "../authorization/ip-address.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { DeadLetterState } from "../ledger/dead-letters.ts";
import type { Logger } from "../logging/logger.ts";
import type { DeadLetters, SettleResult } from "../orders/dead-letters.ts";
import { describeLetter, describeResult } from "./dead-letter-view.ts";
import type { Figures } from "./heartbeat-details.ts";
import { operationsMetrics } from "./operations-metrics.ts";

/** What this process sells, and what of it cannot be sold. */
interface SaleHealth {
  canSell(): boolean;
  report(): { readonly productsNotWell: number };
}

/** What the web servers of this process show here and not to buyers. Each is missing while it does not run. */
export interface WebServers {
  readonly sale?: SaleHealth;
  readonly gateway?: {
    metricsText(): Promise<string>;
    /** Checks the internal secret itself. */
    inside(request: Request, server: Bun.Server<undefined>): Response | Promise<Response>;
  };
  readonly quantity?: { metricsText(): Promise<string> };
}

export interface OperationsServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly webServers: () => WebServers;
  readonly health: HealthBoard;
  readonly figures: () => Figures;
  /** The longest waiting lists: product id to how many wait. */
  readonly longestLists: () => Figures;
  readonly deadLetters: DeadLetters;
  /** Dead letters hold what buyers ordered, so they are always shown and settled only with this secret. */
  readonly internalSecret: InternalSecret;
  readonly logger: Logger;
}

export interface OperationsServer {
  readonly port: number;
  stop(): void;
}

type Handler = (request: Bun.BunRequest) => Response | Promise<Response>;

const maxBodyBytes = 4_096;
const maxNameLength = 100;
const states: readonly DeadLetterState[] = ["waiting", "replayed", "discarded"];

/**
 * The listener of a role for operators, monitors and programs of one's own. What stands here stands on no port of buyers.
 * @throws when the port is taken (code EADDRINUSE)
 */
export function startOperationsServer(options: OperationsServerOptions): OperationsServer {
  const { host, port, webServers, logger } = options;
  const hasSecret = (request: Request): boolean => options.internalSecret.isRight(bearerToken(request.headers));
  // Figures and parts need no secret where only this machine reaches the listener. A page in a browser of this machine must not
  // get them by a name of its own that leads here, so the name counts, too.
  const isLocal = isLoopbackHost(host);
  const isTold = (request: Request): boolean => (isLocal && isLoopbackHost(hostOf(request))) || hasSecret(request);
  const only =
    (mayAsk: (request: Request) => boolean, respond: Handler): Handler =>
    (request) =>
      mayAsk(request) ? respond(request) : notAuthorized();
  const ofGateway = (request: Bun.BunRequest, bunServer: Bun.Server<undefined>): Response | Promise<Response> =>
    webServers().gateway?.inside(request, bunServer) ?? only(hasSecret, noGateway)(request);
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: false,
    development: false,
    maxRequestBodySize: maxBodyBytes,
    idleTimeout: 30,
    routes: {
      "/healthz": { GET: () => json({ status: "ok" }) },
      "/readyz": { GET: (request) => readiness(options, isTold(request)) },
      "/metrics": { GET: only(isTold, () => processMetrics(options)) },
      "/metrics/quantity": { GET: only(isTold, () => quantityMetrics(webServers())) },
      "/checkRight": { POST: ofGateway },
      "/invitations": { POST: ofGateway },
      "/dead-letters": { GET: only(hasSecret, (request) => list(options.deadLetters, request)) },
      "/dead-letters/:id": { GET: only(hasSecret, (request) => show(options.deadLetters, idOf(request))) },
      "/dead-letters/:id/:action": { POST: only(hasSecret, (request) => settle(options.deadLetters, request)) },
    },
    fetch: notFound,
    error(error) {
      logger.error("a request of an operator failed", { error: error.stack ?? error.message });
      return json({ error: "internal", message: error.message }, 500);
    },
  });
  return { port: server.port ?? 0, stop: () => void server.stop(true) };
}

const hostOf = ({ url }: Request): string => (URL.parse(url)?.hostname ?? "").replace(/^\[(.*)\]$/, "$1");

/** Load balancers and probes have no secret, and need no more than the status. */
function readiness({ health, webServers }: OperationsServerOptions, isTold: boolean): Response {
  const { readiness: ofParts, parts } = health;
  const { sale } = webServers();
  const isReady = ofParts !== "unready" && sale?.canSell() !== false;
  const status = isReady ? 200 : 503;
  if (!isTold) return json({ status: isReady ? "ready" : "unready" }, status);
  const report = sale?.report();
  const isWell = ofParts === "ready" && (report?.productsNotWell ?? 0) === 0;
  return json({ status: !isReady ? "unready" : isWell ? "ready" : "degraded", parts, ...report }, status);
}

async function processMetrics({
  figures,
  health,
  longestLists,
  webServers,
}: OperationsServerOptions): Promise<Response> {
  const own = await operationsMetrics(figures(), health, longestLists());
  const { gateway } = webServers();
  return metricsText(gateway === undefined ? own : own + (await gateway.metricsText()));
}

/** Apart, because the figures of both web servers have the same names. */
async function quantityMetrics({ quantity }: WebServers): Promise<Response> {
  return quantity === undefined ? notFound() : metricsText(await quantity.metricsText());
}

const noGateway = (): Response =>
  json({ error: "no_gateway", message: "No gateway runs in this process now: ask another one, or later." }, 503);

function metricsText(text: string): Response {
  const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" };
  return new Response(text, { headers });
}

function notAuthorized(): Response {
  const message = "This address needs backend.internal_secret as Bearer token; while that is empty it is closed.";
  return json({ error: "not_authorized", message }, 401);
}

const notFound = (): Response => json({ error: "not_found", message: "There is nothing at this address." }, 404);

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
