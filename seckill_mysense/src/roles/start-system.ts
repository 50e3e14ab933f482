import { hostname } from "node:os";
import type { Gate } from "../gate/gate.ts";
import { startRelay, type Relay } from "../relay/relay.ts";
import { RingAddressError } from "../authorization/ring/peer-listener.ts";
import { type Gateway, startGateway } from "../gateway/gateway.ts";
import type { HealthBoard } from "../health/health-board.ts";
import { startConsumer, type Consumer } from "../orders/consumer.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { borrowUnits } from "../sales/borrow-units.ts";
import type { ListedProduct } from "../ledger/waiters.ts";
import { startSweeper, type Sweeper } from "../orders/sweeper.ts";
import { PaymentFigures } from "../payments/payment-figures.ts";
import { startPaymentKeeper } from "../payments/payment-keeper.ts";
import { PaymentProviders } from "../payments/payment-providers.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { GateKeeper } from "../recovery/gate-keeper.ts";
import { consumerReports } from "./consumer-reports.ts";
import { hasNoGate, isGateEmbedded } from "../settings/load-settings.ts";
import { startAdminServer } from "../admin/admin-server.ts";
import { priceCheck } from "../payments/price-check.ts";
import { RoomService } from "../rooms/room-service.ts";
import { SaleService } from "../sales/sale-service.ts";
import { holdDataFolder } from "./data-folder.ts";
import { checkListeners } from "./check-listeners.ts";
import { boardFor } from "./board-for.ts";
import { createDemoSale } from "./demo-sale.ts";
import { warnOfLosses } from "./durability.ts";
import { startEmbeddedRedis } from "./embedded-redis.ts";
import { startOperations } from "./operations.ts";
import type { RunningParts, Started } from "./running-parts.ts";
import { relayedProducts } from "../relay/relayed-products.ts";
import { openProviders } from "./payment-parts.ts";
import { StartError } from "./start-error.ts";
import { stopAll } from "./stop-all.ts";
import { checkIsFree, listenError } from "./listen-error.ts";
import { runQuantity } from "./quantity-role.ts";
import { runRoomKeeper } from "./room-keeper-part.ts";
import type { Stops, SystemOptions } from "./system-options.ts";
import {
  checkAdmin,
  checkPrograms,
  checkRing,
  checkSharedParts,
  externalGateServer,
  openGate,
  openLedgerGate,
  openLedger,
  openQueue,
  prepareLedger,
  secretsOf,
} from "./system-parts.ts";
import { recordWindows } from "./record-windows.ts";
import type { Settings } from "../settings/settings.ts";

export interface RunningSystem {
  /** The port of the web server; undefined for roles without one. */
  readonly port: number | undefined;
  /** The port of the listener for other programs; undefined where there is none. */
  readonly quantityPort: number | undefined;
  /** The port of the listener for operators. */
  readonly operationsPort: number;
  /** Waits for running work to end, for at most `backend.shutdown_seconds`. */
  stop(): Promise<"drained" | "gave_up">;
}

/**
 * Starts one role, or all of them in this process.
 * @throws StartError, or the error of a part that could not be reached. Parts that were already started are stopped
 * first.
 */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { role, settings } = options;
  const stops: Stops = [];
  const stop = (): Promise<"drained" | "gave_up"> =>
    stopAll(stops, settings.backend.shutdown_seconds * 1000, options.logger);
  try {
    checkRing(role, settings);
    checkAdmin(role, settings);
    checkPrograms(role, settings);
    checkListeners(role, settings);
    if (role !== "all") checkSharedParts(role, settings);
    return { ...(await startRole(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startRole(options: SystemOptions, stops: Stops): Promise<Omit<RunningSystem, "stop">> {
  const { role, settings, logger, clock } = options;
  if (role === "all") holdDataFolder(settings.data_dir, stops);
  const secrets = secretsOf(settings);
  const ledger = openLedger(settings, clock.now);
  stops.push(() => ledger.close());
  await prepareLedger(ledger, settings);
  await warnOfLosses(options, ledger);
  if (role === "all") {
    // The clock of the demo sale runs once it is made.
    const { host, api_port } = settings.backend;
    checkIsFree(host, api_port, publicAddress(settings));
    await createDemoSale(ledger.sales, settings.sale, { logger, now: clock.now });
  }

  const health = boardFor(options);
  const isGateless = hasNoGate(settings);
  const hasQueue = role !== "sweeper" && role !== "admin" && !isGateless;
  const queue = hasQueue ? openQueueFor(options, health, stops) : undefined;
  const server = role === "consumer" || isGateless ? undefined : await openGateFor(options, secrets, stops);
  const gate = isGateless ? openLedgerGate(ledger, settings) : server;
  const running: RunningParts = { ledger, ...(queue && { queue }), ...(server && { gate: server }) };
  // Every role can be seen before its work begins: what it waits for shows there.
  const operations = startOperations(options, running, health);
  stops.push(() => operations.stop());
  // The gateway starts last and stops first, so that every part that a request needs is running.
  if (gate !== undefined && (role === "all" || role === "sweeper")) {
    running.sweeper = runSweeper(options, { ledger, gate, health }, stops);
    runRoomKeeper(options, { ledger, health }, stops);
    running.payments = await runPaymentKeeper(options, { ledger, health }, stops);
  }
  if (queue !== undefined && (role === "all" || role === "consumer")) {
    await operations.announced();
    running.consumer = await runConsumer(options, { ledger, queue, health }, stops);
  }
  if (gate !== undefined && queue !== undefined && (role === "all" || role === "relay")) {
    running.relay = runRelay(options, { ledger, gate, queue, health }, stops);
  }
  const ports = { operationsPort: operations.port, quantityPort: undefined };
  if (gate === undefined) return { port: undefined, ...ports };
  if (role === "all" || role === "admin") {
    const port = runAdmin(options, ledger, gate, stops);
    if (role === "admin") return { port, ...ports };
  }
  if (role !== "all" && role !== "gateway" && role !== "quantity") return { port: undefined, ...ports };
  const gateWatch = isGateless ? undefined : await runKeeper(options, { ledger, gate, queue }, stops);
  const served = { ledger, gate, secrets, health, gateWatch };
  if (role === "quantity") {
    const quantityPort = await runQuantity(options, served, { running, stops });
    return { ...ports, port: quantityPort, quantityPort };
  }
  const gateway = await runGateway(options, served, { running, stops });
  const hasPrograms = role === "all" && settings.quantity.programs.length > 0;
  const quantityPort = hasPrograms ? await runQuantity(options, served, { running, stops }) : undefined;
  return { ...ports, port: gateway.port, quantityPort };
}

function openQueueFor(
  { role, settings }: SystemOptions,
  health: HealthBoard,
  stops: Stops,
): ReservationQueue | undefined {
  // A gateway only reads the depth of the queue, which works only with a shared queue.
  if ((role === "gateway" || role === "quantity") && settings.rabbitmq.url === "") return undefined;
  const queue = openQueue(settings, health.part("queue"));
  stops.push(() => queue.close());
  return queue;
}

async function openGateFor(
  { settings, logger }: SystemOptions,
  secrets: readonly string[],
  stops: Stops,
): Promise<Gate> {
  let connection = externalGateServer(settings);
  if (connection === undefined) {
    const redis = await startEmbeddedRedis({ settings, secret: secrets[0]!, logger });
    stops.push(() => redis.close());
    connection = redis.address;
  }
  const gate = openGate(settings, connection, logger);
  stops.push(() => gate.close());
  return gate;
}

interface SweeperParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly health: HealthBoard;
}

function runSweeper({ clock }: SystemOptions, { ledger, gate, health }: SweeperParts, stops: Stops): Sweeper {
  const { orders, bundles, returns, waiters, programRequests, revocations } = ledger;
  const borrowParts = { gate, changes: ledger.changes };
  const offers = {
    waiters,
    gate,
    borrow: (list: ListedProduct, wanted: number) => borrowUnits(borrowParts, list, wanted),
  };
  const watched = { health: health.part("sweeper"), ...clock };
  const sweeper = startSweeper({ orders, bundles, returns, gate, offers, programRequests, revocations, ...watched });
  stops.push(() => sweeper.stop());
  return sweeper;
}

interface ConsumerParts {
  readonly ledger: Ledger;
  readonly queue: ReservationQueue;
  readonly health: HealthBoard;
}

async function runPaymentKeeper(
  { settings, logger, clock }: SystemOptions,
  { ledger: { payments }, health }: Pick<SweeperParts, "ledger" | "health">,
  stops: Stops,
): Promise<PaymentFigures> {
  const { provider, formerProviders } = await openProviders(settings);
  const providers = new PaymentProviders(provider, formerProviders);
  const askForMs = settings.payments.ask_for_seconds * 1_000;
  const keeper = startPaymentKeeper({ payments, providers, askForMs, logger, now: clock.now });
  stops.push(() => keeper.stop());
  const told = { health: health.part("payments"), now: clock.now, refreshMs: 5_000 };
  const figures = new PaymentFigures({ payments, providers: providers.names, ...told });
  figures.start();
  stops.push(() => figures.stop());
  return figures;
}

async function runConsumer(
  { settings, logger, clock }: SystemOptions,
  { ledger, queue, health }: ConsumerParts,
  stops: Stops,
): Promise<Consumer> {
  const told = { health: health.part("consumer"), logger, elapsedMs: clock.elapsedMs };
  const { orders, deadLetters } = ledger;
  const consumer = await startConsumer({ queue, orders, deadLetters, ...recordWindows(settings), ...told });
  stops.push(() => consumer.stop());
  return consumer;
}

interface RelayParts extends ConsumerParts {
  readonly gate: Gate;
}

/**
 * Entries that a dead relay had read are taken over after this time. An embedded server has only one relay, so that a
 * short time is safe.
 */
const claimIdleMs = { embedded: 1_000, shared: 5_000 };

function runRelay(
  { settings, logger, clock }: SystemOptions,
  { ledger, gate, queue, health }: RelayParts,
  stops: Stops,
): Relay {
  const relay = startRelay({
    gate,
    queue,
    // Two running relays must not share a name, so each start uses a new one.
    relayName: `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`,
    products: relayedProducts(ledger.changes, clock.now),
    claimIdleMs: isGateEmbedded(settings) ? claimIdleMs.embedded : claimIdleMs.shared,
    claimEveryMs: 1_000,
    logger,
    health: health.part("relay"),
  });
  stops.push(() => relay.stop());
  return relay;
}

/** Nobody listens without a secret. */
function runAdmin(options: SystemOptions, ledger: Ledger, gate: Gate, stops: Stops): number | undefined {
  const { settings, logger, clock } = options;
  if (settings.admin.secret === "") return undefined;
  const { changes, orders, gates } = ledger;
  const service = new SaleService({ changes, orders, gates, gate, checkPrice: priceCheck(settings.payments.provider) });
  try {
    const server = startAdminServer({
      service,
      roomService: new RoomService(ledger),
      settings: settings.admin,
      logger,
      ...clock,
    });
    stops.push(() => server.stop());
    logger.info("merchants are served", { host: settings.admin.host, adminPort: server.port });
    return server.port;
  } catch (error) {
    throw listenError(error, `admin.port ${settings.admin.port} on ${settings.admin.host}`);
  }
}

interface KeeperParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly queue: ReservationQueue | undefined;
}

/** A start does not wait longer for the gates: a part may be away, and the other products can be sold. */
const gatesInOrderWithinMs = 3_000;

async function runKeeper(
  { logger, clock }: SystemOptions,
  { ledger, gate, queue }: KeeperParts,
  stops: Stops,
): Promise<GateKeeper> {
  const repairer = `${hostname()}-${process.pid}`;
  const keeper = new GateKeeper({
    ...{ gate, gates: ledger.gates, queue, repairer, logger, clock },
    consumers: () => consumerReports(ledger.heartbeats),
    deadLetters: () => ledger.deadLetters.countWaiting(),
  });
  stops.push(() => keeper.stop());
  keeper.start();
  // Buyers of a product that is not in order would only be told to try again.
  await keeper.whenInOrder(gatesInOrderWithinMs);
  return keeper;
}

interface GatewayRoleParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly secrets: readonly string[];
  readonly health: HealthBoard;
  /** Undefined where the ledger decides: it needs no rebuilding. */
  readonly gateWatch: GateKeeper | undefined;
}

async function runGateway(
  options: SystemOptions,
  parts: GatewayRoleParts,
  { running, stops }: Started,
): Promise<Gateway> {
  const { settings, logger, clock } = options;
  const providers = await openProviders(settings);
  try {
    const gateway = await startGateway({ ...parts, ...providers, settings, logger, ...clock });
    stops.push(() => gateway.stop((settings.backend.shutdown_seconds * 1000) / 2));
    running.gateway = gateway;
    running.stock = gateway.stock;
    running.payments = gateway.payments;
    // A gateway that has left the ring would decide by itself.
    stops.push(() => void delete running.gateway);
    return gateway;
  } catch (error) {
    if (error instanceof RingAddressError) throw new StartError(error.message);
    throw listenError(error, publicAddress(settings));
  }
}

const publicAddress = ({ backend: { host, api_port } }: Settings): string => `backend.api_port ${api_port} on ${host}`;
