import { Hono } from "hono";
import { ClientAddress } from "../authorization/client-address.ts";
import { InternalSecret } from "../authorization/internal-secret.ts";
import { Programs, type ProgramEntry } from "../authorization/programs.ts";
import type { FailureCode } from "../contract/failures.ts";
import { openApiDocument } from "../contract/openapi.ts";
import { quantityEndpoints } from "../contract/quantity.ts";
import type { Gate } from "../gate/gate.ts";
import { ForgottenReservations } from "../gateway/forgotten-reservations.ts";
import { GateCalls } from "../gateway/gate-calls.ts";
import { GatewayMetrics, type LabelledCounts } from "../gateway/gateway-metrics.ts";
import type { GatewayApp, MountOptions } from "../gateway/mount-endpoint.ts";
import { NodeLimits } from "../gateway/node-limits.ts";
import { mountOperation } from "../gateway/operation-handlers.ts";
import type { Stock } from "../gateway/open-stock.ts";
import { ProductReserver } from "../gateway/product-reserver.ts";
import { refuse } from "../gateway/refusal.ts";
import { ReservationReader } from "../gateway/reservation-reader.ts";
import type { GateWatch } from "../gateway/stock-watch.ts";
import type { HealthBoard } from "../health/health-board.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import { ProgramReservations } from "./program-reservations.ts";
import { mountQuantity } from "./quantity-handlers.ts";

export interface QuantityParts {
  readonly gate: Gate;
  readonly ledger: Pick<Ledger, "orders" | "gates" | "programRequests">;
  /** Started, and stopped, by the caller. */
  readonly stock: Stock;
  readonly gateWatch?: GateWatch | undefined;
  readonly settings: Settings;
  readonly programs: readonly ProgramEntry[];
  readonly health: HealthBoard;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

export interface QuantityServer {
  readonly port: number;
  /** For operators, in Prometheus's text format. This listener does not show it to programs. */
  metricsText(): Promise<string>;
  /** Waits up to `withinMs` for running requests to finish, then closes their connections. */
  stop(withinMs: number): Promise<void>;
}

/** The longest right address has some 6,600 characters: a hundred products of 64 characters. */
const maxAddressLength = 8_192;
/** Bun itself refuses larger bodies, before any byte reaches a handler. */
const hardMaxBodyBytes = 1_048_576;

/**
 * Starts the web server for other programs: the quantity service. It listens apart from the public one, so that keys
 * cannot be tried from the outside.
 * @throws when the port is taken (code EADDRINUSE)
 */
export function startQuantityServer(parts: QuantityParts): QuantityServer {
  const { settings, logger } = parts;
  const { limits } = settings;
  const counted: Counted = {
    metrics: new GatewayMetrics(),
    programs: new Programs(parts.programs),
    nodeLimits: new NodeLimits({ ratePerSecond: 0, burst: 1 }, limits.requests_in_flight),
    gateCalls: new GateCalls(parts.gate, {
      maxConcurrent: limits.gate_concurrency,
      retryPausesMs: [50, 200],
      elapsedMs: parts.elapsedMs,
    }),
  };
  const { metrics } = counted;
  const app = mountAll(parts, counted);
  const turnAway = (code: FailureCode): Response => {
    metrics.refusals.add(code);
    return refuse(code);
  };
  app.notFound(() => turnAway("not_found"));
  const server = Bun.serve({
    hostname: settings.quantity.host,
    port: settings.quantity.port,
    maxRequestBodySize: hardMaxBodyBytes,
    idleTimeout: 30,
    development: false,
    reusePort: false,
    fetch(request, bunServer) {
      if (request.url.length > maxAddressLength) return turnAway("address_too_long");
      // Answered like GET otherwise, and a check of the address would take a unit.
      if (request.method === "HEAD") return turnAway("method_not_allowed");
      return app.fetch(request, { server: bunServer });
    },
    error(error) {
      logger.error("a request of a program failed", { error: error.stack ?? error.message });
      return turnAway("internal");
    },
  });
  return {
    port: server.port ?? 0,
    metricsText: () => metrics.text(gaugesOf(parts, counted), countsOf(counted)),
    async stop(withinMs) {
      const deadline = setTimeout(() => void server.stop(true), withinMs);
      await server.stop();
      clearTimeout(deadline);
    },
  };
}

interface Counted {
  readonly metrics: GatewayMetrics;
  readonly programs: Programs;
  readonly nodeLimits: NodeLimits;
  readonly gateCalls: GateCalls;
}

function mountAll(parts: QuantityParts, { metrics, programs, nodeLimits, gateCalls }: Counted): GatewayApp {
  const { gate, ledger, stock, gateWatch, settings, health, logger, now, elapsedMs } = parts;
  const { limits } = settings;
  const app: GatewayApp = new Hono();
  const mount: MountOptions = {
    programs,
    clientAddress: new ClientAddress({ trustedProxies: [], ipv6Prefix: limits.ipv6_prefix }),
    nodeLimits,
    internalSecret: new InternalSecret(""),
    body: { maxBytes: limits.max_body_bytes, timeoutMs: limits.body_timeout_ms },
    ...{ metrics, logger, now, elapsedMs },
  };
  const reserver = new ProductReserver({ gateCalls, borrower: stock.borrower, gateWatch, elapsedMs });
  const { catalogue } = stock;
  const { orders, gates, programRequests: requests } = ledger;
  // A request in the ledger proves whose the reservation is.
  const forgotten = new ForgottenReservations({ gates, gate, now });
  const reader = new ReservationReader({ orders, gate, catalogue, ids: { belongsTo: () => true }, forgotten });
  const reservations = new ProgramReservations({
    ...{ requests, orders, reserver, stock, reader, now, elapsedMs },
    startLeewayMs: limits.start_leeway_ms,
    recordWaitMs: settings.quantity.record_wait_ms,
  });
  mountQuantity(app, mount, { reservations, catalogue });
  const describe = (): Record<string, unknown> => openApiDocument(quantityEndpoints);
  mountOperation(app, { ...mount, nodeLimits: undefined }, { canSell: () => catalogue.canSell(), health, describe });
  return app;
}

function gaugesOf(
  { stock, gateWatch }: QuantityParts,
  { gateCalls, nodeLimits }: Counted,
): Readonly<Record<string, number>> {
  return {
    seckill_gate_calls_running: gateCalls.running,
    seckill_requests_in_flight: nodeLimits.inFlight,
    seckill_products: stock.catalogue.productCount,
    seckill_products_not_well: stock.productHealth.notWell,
    seckill_closed_products: gateWatch?.closed ?? 0,
  };
}

function countsOf({ programs }: Counted): readonly LabelledCounts[] {
  const counter = { type: "counter", label: "program" } as const;
  return [
    { name: "seckill_program_requests_total", ...counter, counts: programs.asked },
    { name: "seckill_program_refusals_total", ...counter, counts: programs.refused },
  ];
}
