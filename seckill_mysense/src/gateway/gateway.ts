import { Hono } from "hono";
import { PasswordHasher, recommendedCost } from "../authorization/password-hasher.ts";
import { type RateLimit, RateLimiter } from "../authorization/rate-limiter.ts";
import { ReservationIds } from "../authorization/reservation-ids.ts";
import { SaleTokens } from "../authorization/sale-token.ts";
import { Sessions } from "../authorization/sessions.ts";
import { endpoints } from "../contract/endpoints.ts";
import type { Gate } from "../gate/gate.ts";
import type { Logger } from "../logging/logger.ts";
import type { Ledger } from "../orders/ledger.ts";
import type { Settings } from "../settings/settings.ts";
import { mountAccounts } from "./account-handlers.ts";
import { Catalogue, type EnsureArmed } from "./catalogue.ts";
import { type AddressOf, Check } from "./check.ts";
import { GateCalls } from "./gate-calls.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayApp, MountOptions } from "./mount-endpoint.ts";
import { mountOperation } from "./operation-handlers.ts";
import { mountOrders } from "./order-handlers.ts";
import { refuse } from "./refusal.ts";
import { mountReservations } from "./reservation-handlers.ts";
import { ReservationReader } from "./reservation-reader.ts";
import { ReservationWatchers } from "./reservation-watchers.ts";
import { mountSales } from "./sale-handlers.ts";
import { buildSalePage, type SalePage } from "./sale-page.ts";
import { mountTokens } from "./token-handlers.ts";

export interface GatewayParts {
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly settings: Settings;
  /** The project's secrets: the first signs, all of them verify. */
  readonly secrets: readonly string[];
  readonly logger: Logger;
  /** Puts a product that the gate does not know into it, where that is right. */
  readonly ensureArmed?: EnsureArmed;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds since any moment, for measuring. */
  readonly elapsedMs: () => number;
}

export interface Gateway {
  readonly port: number;
  readonly catalogue: Catalogue;
  /** Lets requests under way finish for up to `withinMs`, then cuts them off. */
  stop(withinMs: number): Promise<void>;
}

/** Above this, Bun itself refuses a body before any of it reaches us. */
const hardMaxBodyBytes = 2_097_152;

/**
 * Starts the public web server.
 * @throws when the port is taken (code EADDRINUSE), or the ledger cannot be read.
 */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { settings, now } = parts;
  const system = assemble(parts);
  const salePage = await buildSalePage();
  const app = mountAll(parts, system, salePage);
  const check = new Check({
    ...system,
    perUser: limiter(settings, settings.limits.check_per_user),
    perAddress: limiter(settings, settings.limits.check_per_address),
    now,
    elapsedMs: parts.elapsedMs,
    startLeewayMs: settings.limits.start_leeway_ms,
    maxBodyBytes: settings.limits.max_body_bytes,
    page: salePage.page,
  });
  await system.catalogue.start();
  const server = serve(parts, check, app, () => system.catalogue.stop());
  return {
    port: server.port ?? 0,
    catalogue: system.catalogue,
    async stop(withinMs) {
      system.catalogue.stop();
      system.watchers.stopAll();
      const deadline = setTimeout(() => void server.stop(true), withinMs);
      await server.stop();
      clearTimeout(deadline);
    },
  };
}

function serve(parts: GatewayParts, check: Check, app: GatewayApp, onFailure: () => void): Bun.Server<undefined> {
  const { settings, logger } = parts;
  const respond = (request: Request, bunServer: AddressOf) => check.respond(request, bunServer);
  const refuseMethod = (): Response => refuse("method_not_allowed", {}, { allow: "GET, POST" });
  try {
    return Bun.serve({
      hostname: settings.backend.host,
      port: settings.backend.api_port,
      maxRequestBodySize: hardMaxBodyBytes,
      idleTimeout: 30,
      development: false,
      // Outside development Bun shares a port by default, and a second start would take half of the buyers unnoticed.
      reusePort: false,
      routes: {
        "/check": {
          GET: respond,
          POST: respond,
          // Without a HEAD of its own the GET would answer it, and a link preview would take a unit.
          HEAD: refuseMethod,
          PUT: refuseMethod,
          PATCH: refuseMethod,
          DELETE: refuseMethod,
        },
      },
      fetch: (request, bunServer) => app.fetch(request, { server: bunServer }),
      error(error) {
        logger.error("a request failed", { error: error.stack ?? error.message });
        return refuse("internal");
      },
    });
  } catch (error) {
    onFailure();
    throw error;
  }
}

function limiter(settings: Settings, limit: { rate_per_second: number; burst: number }): RateLimiter {
  const rate: RateLimit = { ratePerSecond: limit.rate_per_second, burst: limit.burst };
  return new RateLimiter(rate, settings.limits.tracked_keys);
}

interface System {
  readonly tokens: SaleTokens;
  readonly reservationIds: ReservationIds;
  readonly sessions: Sessions;
  readonly metrics: GatewayMetrics;
  readonly catalogue: Catalogue;
  readonly gateCalls: GateCalls;
  readonly watchers: ReservationWatchers;
}

function assemble({ gate, ledger, settings, secrets, logger, ensureArmed, now }: GatewayParts): System {
  const { limits, backend } = settings;
  const tokens = new SaleTokens(secrets);
  return {
    tokens,
    reservationIds: new ReservationIds(secrets),
    sessions: new Sessions(secrets, backend.session_seconds * 1000),
    metrics: new GatewayMetrics(),
    catalogue: new Catalogue({
      ledger,
      gate,
      tokens,
      logger,
      ensureArmed: ensureArmed ?? (() => Promise.resolve(true)),
      now,
      refreshMs: 1_000,
      maxSales: limits.sales,
      soldOutHintMs: limits.sold_out_hint_ms,
      refusedCapacity: limits.tracked_keys,
    }),
    gateCalls: new GateCalls(gate, { maxConcurrent: limits.gate_concurrency, retryPausesMs: [50, 200] }),
    watchers: new ReservationWatchers({
      maxListeners: limits.event_listeners,
      minPauseMs: 100,
      maxPauseMs: 1_000,
      maxWatchMs: 120_000,
      now,
    }),
  };
}

function mountAll(parts: GatewayParts, system: System, salePage: SalePage): GatewayApp {
  const { settings, ledger, gate, logger, now } = parts;
  const { catalogue, reservationIds, sessions, tokens, metrics, watchers } = system;
  const secureCookies = settings.backend.secure_cookies;
  const app: GatewayApp = new Hono();
  const mount: MountOptions = {
    sessions,
    perUser: limiter(settings, settings.limits.api_per_user),
    maxBodyBytes: settings.limits.max_body_bytes,
    metrics,
    logger,
    now,
  };
  mountAccounts(app, mount, {
    ledger,
    sessions,
    hasher: new PasswordHasher({
      concurrency: settings.limits.hash_concurrency,
      maxWaiting: settings.limits.hash_waiting,
      ...recommendedCost,
    }),
    perName: limiter(settings, settings.limits.login_per_name),
    perAddress: limiter(settings, settings.limits.login_per_address),
    secureCookies,
    now,
  });
  mountSales(app, mount, catalogue);
  mountTokens(app, mount, { tokens, reservationIds, catalogue, secureCookies, now });
  const reader = new ReservationReader({ ledger, gate, catalogue, ids: reservationIds });
  mountReservations(app, mount, { reader, watchers, tokens });
  mountOrders(app, mount, ledger);
  mountOperation(app, mount, {
    isReady: () => catalogue.isFresh(),
    gauges: () => ({ seckill_gate_calls_running: system.gateCalls.running, seckill_event_listeners: watchers.count }),
  });
  app.get("/", salePage.page);
  for (const [path, respond] of salePage.assets) app.get(path, respond);
  mountRefusals(app);
  return app;
}

/** What no endpoint takes: a known address with another method, and unknown addresses. */
function mountRefusals(app: GatewayApp): void {
  // /check has a route of its own, and only in exactly this spelling.
  const mounted = Object.values(endpoints).filter((endpoint) => endpoint.path !== "/check");
  const byPath = Map.groupBy(mounted, (endpoint) => endpoint.path);
  for (const [path, samePath] of byPath) {
    const allow = samePath.map((endpoint) => endpoint.method).join(", ");
    app.all(path, () => refuse("method_not_allowed", {}, { allow }));
  }
  app.notFound(() => refuse("not_found"));
}
