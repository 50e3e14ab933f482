import { Hono } from "hono";
import { ClientAddress } from "../authorization/client-address.ts";
import { InternalSecret } from "../authorization/internal-secret.ts";
import { GatewayMetrics } from "../gateway/gateway-metrics.ts";
import { askApp, type GatewayApp } from "../gateway/mount-endpoint.ts";
import { refuse } from "../gateway/refusal.ts";
import type { Logger } from "../logging/logger.ts";
import type { SaleService } from "../sales/sale-service.ts";
import type { Settings } from "../settings/settings.ts";
import type { RoomService } from "../rooms/room-service.ts";
import { mountRoomAdmin } from "./room-admin-handlers.ts";
import { mountSaleAdmin } from "./sale-admin-handlers.ts";

export interface AdminServerOptions {
  readonly service: SaleService;
  readonly roomService: RoomService;
  readonly settings: Settings["admin"];
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

export interface AdminServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A sale of 10,000 products has some two million bytes. */
const maxBodyBytes = 4_194_304;
const bodyTimeoutMs = 10_000;

/**
 * Starts the web server for merchants. It listens apart from the public one, so that the secret cannot be tried from the
 * outside.
 * @throws when the port is taken (code EADDRINUSE)
 */
export function startAdminServer(options: AdminServerOptions): AdminServer {
  const { service, roomService, settings, logger, now, elapsedMs } = options;
  const app: GatewayApp = new Hono();
  const mount = {
    clientAddress: new ClientAddress({ trustedProxies: [], ipv6Prefix: 64 }),
    nodeLimits: undefined,
    internalSecret: new InternalSecret(settings.secret),
    body: { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs },
    metrics: new GatewayMetrics(),
    logger,
    now,
    elapsedMs,
  };
  mountSaleAdmin(app, mount, service);
  mountRoomAdmin(app, mount, roomService);
  app.notFound(() => refuse("not_found"));
  const server = Bun.serve({
    hostname: settings.host,
    port: settings.port,
    maxRequestBodySize: maxBodyBytes,
    idleTimeout: 60,
    development: false,
    reusePort: false,
    fetch: (request, bunServer) => askApp(app, request, bunServer),
    error(error) {
      logger.error("a request of a merchant failed", { error: error.stack ?? error.message });
      return refuse("internal");
    },
  });
  return { port: server.port ?? 0, stop: () => server.stop() };
}
