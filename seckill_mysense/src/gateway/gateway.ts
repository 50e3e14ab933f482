import { Hono } from "hono";
import type { ClientAddress } from "../authorization/client-address.ts";
import { Invitations } from "../authorization/invitations.ts";
import { Revocations } from "../authorization/revocations.ts";
import { ReservationIds } from "../authorization/reservation-ids.ts";
import { SaleTokens } from "../authorization/sale-token.ts";
import { Sessions } from "../authorization/sessions.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { PaymentFigures } from "../payments/payment-figures.ts";
import type { PaymentProvider } from "../payments/payment-provider.ts";
import { PaymentProviders } from "../payments/payment-providers.ts";
import { mountAccounts } from "./account-handlers.ts";
import { assembleAuthorization, type AuthorizationParts } from "./authorization-parts.ts";
import { BrokenBundles } from "./broken-bundles.ts";
import { BundleReader } from "./bundle-reader.ts";
import type { Catalogue } from "./catalogue.ts";
import { mountCheckRight } from "./check-right-handlers.ts";
import { type EventStreams, openEventStreams } from "./event-streams.ts";
import { assembleCheck } from "./assemble-check.ts";
import type { AddressOf } from "./check-admission.ts";
import type { Check } from "./check.ts";
import { ForgottenReservations } from "./forgotten-reservations.ts";
import { GateCalls } from "./gate-calls.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import { gatewayGauges } from "./gateway-gauges.ts";
import { labelledCounts } from "./labelled-counts.ts";
import { askApp, type GatewayApp, type MountOptions } from "./mount-endpoint.ts";
import { mountInvitationCodes } from "./invitation-code-handlers.ts";
import { mountInvitations } from "./invitation-handlers.ts";
import { InvitedUsers } from "./invited-users.ts";
import { mountOperation } from "./operation-handlers.ts";
import { mountPayments } from "./payment-handlers.ts";
import { refuse } from "./refusal.ts";
import { mountRefusals } from "./mount-refusals.ts";
import { mountReservations } from "./reservation-handlers.ts";
import { ReservationReader } from "./reservation-reader.ts";
import { RevocationFollower } from "./revocation-follower.ts";
import { mountSales } from "./sale-handlers.ts";
import type { RoomFollower } from "./room-follower.ts";
import { mountRooms } from "./room-handlers.ts";
import { openRooms, type RoomParts } from "./room-parts.ts";
import { buildPages, type Pages } from "./pages.ts";
import { openStock, type Stock, type StockParts } from "./open-stock.ts";
import { mountTokens } from "./token-handlers.ts";
import { WaitingList } from "./waiting-list.ts";
import { mountWaitingList } from "./waiting-list-handlers.ts";
import { isTracing, traceRequest } from "../tracing/tracing.ts";

export interface GatewayParts extends StockParts {
  readonly ledger: Pick<
    Ledger,
    | "changes"
    | "users"
    | "orders"
    | "bundles"
    | "payments"
    | "gates"
    | "waiters"
    | "revocations"
    | "rooms"
    | "invitationCodes"
  >;
  /** The provider of payments; undefined in a sale without one. */
  readonly provider?: PaymentProvider | undefined;
  /** Providers through which buyers paid before: their callbacks still count. */
  readonly formerProviders?: readonly PaymentProvider[];
  /** The project's secrets: the first one signs, all of them verify. */
  readonly secrets: readonly string[];
}

export interface Gateway {
  readonly port: number;
  readonly catalogue: Catalogue;
  /** What other listeners of this process may share. */
  readonly stock: Stock;
  readonly payments: Pick<PaymentFigures, "gauges">;
  readonly rooms: Pick<RoomFollower, "read">;
  /** What it has asked of the gate. */
  readonly gateCalls: Pick<GateCalls, "load">;
  /** For operators, in Prometheus's text format. The public listener does not show it. */
  metricsText(): Promise<string>;
  /** Answers what own programs ask on another listener: this one is for buyers. */
  readonly inside: Respond;
  /** Waits up to `withinMs` for running requests to finish, then closes their connections. */
  stop(withinMs: number): Promise<void>;
}

/** Bun itself refuses larger bodies, before any byte reaches a handler. */
const hardMaxBodyBytes = 2_097_152;

/**
 * Starts the public web server.
 * @throws when the port is taken (code EADDRINUSE), or the ledger cannot be read.
 */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const authorization = assembleAuthorization(parts);
  const system = assemble(parts, authorization);
  const pages = await buildPages();
  const app = mountAll(parts, system, pages);
  const check = assembleCheck(parts, system, pages);
  const inside = mountInside(parts, system);
  const letGo = (): void => {
    system.catalogue.stop();
    system.payments.stop();
    system.revoker.stop();
    system.roomFollower.stop();
    system.ring?.stop();
  };
  const server = await startParts(system, letGo, () => serve(parts, { ...system, check, app }));
  return {
    port: server.port ?? 0,
    catalogue: system.catalogue,
    stock: system,
    payments: system.payments,
    rooms: system.roomFollower,
    gateCalls: system.gateCalls,
    metricsText: () =>
      system.metrics.text(gatewayGauges({ ...system, ...parts }), labelledCounts({ ...system, ...parts })),
    inside: (request, server) => askApp(inside, request, server),
    async stop(withinMs) {
      // Leaving the ring first lets the other gateways take over this gateway's users at once, without waiting for a
      // timeout.
      letGo();
      system.streams.stopAll();
      const deadline = setTimeout(() => void server.stop(true), withinMs);
      await server.stop();
      clearTimeout(deadline);
    },
  };
}

/** The server starts to listen only after sales and revocations are loaded and the ring is joined. */
async function startParts<Server>(system: System, letGo: () => void, serve: () => Server): Promise<Server> {
  try {
    await system.catalogue.start();
    await system.revoker.start();
    await system.roomFollower.start();
    system.payments.start();
    await system.ring?.start();
    return serve();
  } catch (error) {
    letGo();
    throw error;
  }
}

interface Served {
  readonly check: Check;
  readonly app: GatewayApp;
  readonly metrics: GatewayMetrics;
  readonly clientAddress: ClientAddress;
}

export type Respond = (request: Request, bunServer: AddressOf) => Response | Promise<Response>;

/** Decided once and not for each request, so that /check pays nothing for tracing when there is no SDK. */
function checkResponder({ check, clientAddress }: Served): Respond {
  if (!isTracing) return (request, bunServer) => check.respond(request, bunServer);
  return (request, bunServer) => {
    const isTrusted = clientAddress.isTrustedProxy(bunServer.requestIP(request)?.address ?? "");
    return traceRequest({ request, route: "/check", isTrusted }, () => check.respond(request, bunServer));
  };
}

function serve({ settings, logger }: GatewayParts, served: Served): Bun.Server<undefined> {
  const { app, check, metrics } = served;
  const respond = checkResponder(served);
  const refuseMethod = (): Response => {
    metrics.checks.add("method_not_allowed");
    return refuse("method_not_allowed", {}, { allow: "GET, HEAD, POST" });
  };
  return Bun.serve({
    hostname: settings.backend.host,
    port: settings.backend.api_port,
    maxRequestBodySize: hardMaxBodyBytes,
    idleTimeout: 30,
    development: false,
    // In production Bun shares a port by default: a second process would silently get half of the requests.
    reusePort: false,
    routes: {
      "/check": {
        GET: respond,
        POST: respond,
        // Bun would answer HEAD with the handler of GET, and a link preview would take a unit.
        HEAD: (request) => check.head(request),
        PUT: refuseMethod,
        PATCH: refuseMethod,
        DELETE: refuseMethod,
      },
    },
    fetch: (request, bunServer) => askApp(app, request, bunServer),
    error(error) {
      logger.error("a request failed", { error: error.stack ?? error.message });
      metrics.refusals.add("internal");
      return refuse("internal");
    },
  });
}

interface System extends AuthorizationParts, Stock, RoomParts {
  readonly tokens: SaleTokens;
  readonly reservationIds: ReservationIds;
  readonly sessions: Sessions;
  readonly invitations: Invitations;
  readonly isByInvitation: boolean;
  readonly invitedUsers: InvitedUsers;
  readonly revocations: Revocations;
  readonly revoker: RevocationFollower;
  readonly metrics: GatewayMetrics;
  readonly gateCalls: GateCalls;
  readonly brokenBundles: BrokenBundles;
  readonly streams: EventStreams;
  readonly waitingList: WaitingList;
  readonly payments: PaymentFigures;
  readonly providers: PaymentProviders;
}

function assemble(parts: GatewayParts, authorization: AuthorizationParts): System {
  const { gate, ledger, settings, secrets, now, elapsedMs } = parts;
  const { limits, backend } = settings;
  const { choice } = authorization;
  const tokens = new SaleTokens(secrets, choice);
  const stock = openStock(parts, tokens);
  const providers = new PaymentProviders(parts.provider, parts.formerProviders);
  const streams = openEventStreams(parts);
  const revocations = new Revocations(limits.revocations);
  const told = { health: parts.health.part("payments"), now, refreshMs: 5_000 };
  return {
    ...authorization,
    tokens,
    reservationIds: new ReservationIds(secrets, choice),
    sessions: new Sessions(secrets, backend.session_seconds * 1000, choice),
    invitations: new Invitations(secrets, choice),
    isByInvitation: settings.accounts.registration === "invitation",
    invitedUsers: new InvitedUsers({ codes: ledger.invitationCodes }),
    revocations,
    revoker: new RevocationFollower({
      ...{ ledger: ledger.revocations, revocations, logger: parts.logger, now },
      health: parts.health.part("revocations"),
      onNews: () => streams.stopRevoked(),
    }),
    ...openRooms(parts, choice),
    metrics: new GatewayMetrics(),
    ...stock,
    waitingList: new WaitingList({
      ...{ gate, waiters: ledger.waiters, orders: ledger.orders, amend: stock.amend, elapsedMs },
      windowMs: settings.sale.offer_seconds * 1_000,
      maxWaiting: limits.waiting_per_product,
    }),
    providers,
    payments: new PaymentFigures({ ...told, payments: ledger.payments, providers: providers.names }),
    gateCalls: new GateCalls(gate, { maxConcurrent: limits.gate_concurrency, retryPausesMs: [50, 200], elapsedMs }),
    brokenBundles: new BrokenBundles({
      ...{ bundles: ledger.bundles, logger: parts.logger, capacity: limits.tracked_keys },
      ...{ maxRunning: 16, maxWaiting: 16_384, waitMs: 1_000 },
    }),
    streams,
  };
}

function mountOptions({ settings, logger, now, elapsedMs }: GatewayParts, system: System): MountOptions {
  const { limits } = settings;
  const { sessions, authorizer, revocations, clientAddress, triesPerAddress, nodeLimits } = system;
  const { internalSecret, metrics } = system;
  return {
    ...{ sessions, authorizer, revocations, clientAddress, triesPerAddress, nodeLimits, internalSecret, metrics },
    ...{ logger, now, elapsedMs },
    body: { maxBytes: limits.max_body_bytes, timeoutMs: limits.body_timeout_ms },
  };
}

/** What other programs ask. A path that buyers cannot reach needs no rule in front that hides it. */
function mountInside(parts: GatewayParts, system: System): GatewayApp {
  const app: GatewayApp = new Hono();
  const mount = mountOptions(parts, system);
  mountCheckRight(app, mount, system);
  mountInvitations(app, mount, system);
  return app;
}

function mountAll(parts: GatewayParts, system: System, pages: Pages): GatewayApp {
  const { settings, ledger, gate, now } = parts;
  const { catalogue, reservationIds, sessions, tokens, metrics, streams, authorizer, revocations } = system;
  const { isByInvitation } = system;
  const secureCookies = settings.backend.secure_cookies;
  const app: GatewayApp = new Hono();
  const mount = mountOptions(parts, system);
  mountAccounts(app, mount, {
    users: ledger.users,
    ...{ sessions, tokens, revocations, revoker: system.revoker, invitations: system.invitations, isByInvitation },
    hasher: system.hasher,
    ...{ work: system.work, stepUp: system.stepUp },
    authorizer,
    secureCookies,
    now,
  });
  const saleNow = system.gateClock.now;
  mountSales(app, { ...mount, now: saleNow }, catalogue);
  const { visitors } = system;
  const { invitedUsers } = system;
  mountInvitationCodes(app, mount, system);
  mountTokens(app, mount, {
    ...{ tokens, reservationIds, catalogue, isByInvitation, visitors, invitedUsers, secureCookies, now: saleNow },
  });
  mountRooms(app, mount, { ...system, rooms: ledger.rooms });
  const { orders, bundles, gates } = ledger;
  const forgotten = new ForgottenReservations({ gates, gate, now });
  const reader = new ReservationReader({ orders, gate, catalogue, ids: reservationIds, forgotten });
  const bundleReader = new BundleReader({ bundles, gate, catalogue, forgotten });
  mountReservations(app, mount, { reader, bundleReader, streams, tokens, authorizer, revocations, now: saleNow });
  mountPayments(app, mount, { ...parts, providers: system.providers });
  mountWaitingList(app, mount, system);
  const { health } = parts;
  mountOperation(app, { ...mount, nodeLimits: undefined }, { canSell: () => catalogue.canSell(), health });
  for (const [path, shared] of pages.byPath) app.get(path, ({ req }) => shared.respond(req.raw));
  mountRefusals(app, metrics);
  return app;
}
