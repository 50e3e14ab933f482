import { hostname } from "node:os";
import type { Gate } from "../gate/gate.ts";
import { startRelay } from "../relay/relay.ts";
import { RingAddressError } from "../authorization/ring/peer-listener.ts";
import { startGateway } from "../gateway/gateway.ts";
import type { Logger } from "../logging/logger.ts";
import { startConsumer } from "../orders/consumer.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { startSweeper } from "../orders/sweeper.ts";
import type { ReservationQueue } from "../queue/queue.ts";
import { GateKeeper } from "../recovery/gate-keeper.ts";
import { isGateEmbedded } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import type { Role } from "./command-line.ts";
import { takeDataFolder } from "./data-folder.ts";
import { createDemoSale } from "./demo-sale.ts";
import { startEmbeddedRedis } from "./embedded-redis.ts";
import { relayedProducts } from "../relay/relayed-products.ts";
import { StartError } from "./start-error.ts";
import {
  checkRing,
  checkSharedParts,
  externalGateServer,
  openGate,
  openLedger,
  openQueue,
  secretsOf,
} from "./system-parts.ts";

export interface SystemOptions {
  readonly role: Exclude<Role, "verify" | "repair">;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface RunningSystem {
  /** The port of the web server; undefined for roles without one. */
  readonly port: number | undefined;
  /** Waits for running work to end, for at most `backend.shutdown_seconds`. */
  stop(): Promise<"drained" | "gave_up">;
}

/** How to stop each part that was started. Parts are stopped in reverse order. */
type Stops = (() => Promise<void> | void)[];

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
    if (role !== "all") checkSharedParts(role, settings);
    return { port: await startRole(options, stops), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startRole(options: SystemOptions, stops: Stops): Promise<number | undefined> {
  const { role, settings, logger, clock } = options;
  if (role === "all") holdDataFolder(settings, stops);
  const secrets = secretsOf(settings);
  const ledger = openLedger(settings, clock.now);
  stops.push(() => ledger.close());
  await ledger.migrate();
  if (role === "all") await createDemoSale(ledger.sales, settings.sale, { logger, now: clock.now });

  const queue = role === "sweeper" ? undefined : openQueueFor(options, stops);
  const gate = role === "consumer" ? undefined : await openGateFor(options, secrets, stops);
  // The gateway starts last and stops first, so that every part that a request needs is running.
  if (gate !== undefined && (role === "all" || role === "sweeper")) runSweeper(options, ledger, gate, stops);
  if (queue !== undefined && (role === "all" || role === "consumer")) await runConsumer(options, ledger, queue, stops);
  if (gate !== undefined && queue !== undefined && (role === "all" || role === "relay")) {
    runRelay(options, { ledger, gate, queue }, stops);
  }
  if (gate === undefined || (role !== "all" && role !== "gateway")) return undefined;
  return runGateway(options, { ledger, gate, queue, secrets }, stops);
}

function holdDataFolder(settings: Settings, stops: Stops): void {
  const folder = takeDataFolder(settings.data_dir);
  if (folder === undefined) {
    throw new StartError(`data_dir ${settings.data_dir} is in use by another process: stop it, or name another folder`);
  }
  stops.push(() => folder.release());
}

function openQueueFor({ role, settings, logger }: SystemOptions, stops: Stops): ReservationQueue | undefined {
  // A gateway only reads the depth of the queue, which works only with a shared queue.
  if (role === "gateway" && settings.rabbitmq.url === "") return undefined;
  const queue = openQueue(settings, logger);
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

function runSweeper({ logger, clock }: SystemOptions, ledger: Ledger, gate: Gate, stops: Stops): void {
  const sweeper = startSweeper({ orders: ledger.orders, returns: ledger.returns, gate, logger, now: clock.now });
  stops.push(() => sweeper.stop());
}

async function runConsumer(
  { settings, logger }: SystemOptions,
  ledger: Ledger,
  queue: ReservationQueue,
  stops: Stops,
): Promise<void> {
  const payWithinMs = settings.sale.pay_within_seconds * 1000;
  const consumer = await startConsumer({ queue, orders: ledger.orders, payWithinMs, logger });
  stops.push(() => consumer.stop());
}

interface RelayParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly queue: ReservationQueue;
}

/**
 * Entries that a dead relay had read are taken over after this time. An embedded server has only one relay, so that a
 * short time is safe.
 */
const claimIdleMs = { embedded: 1_000, shared: 5_000 };

function runRelay({ settings, logger, clock }: SystemOptions, { ledger, gate, queue }: RelayParts, stops: Stops): void {
  const relay = startRelay({
    gate,
    queue,
    // Two running relays must not share a name, so each start uses a new one.
    relayName: `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`,
    products: relayedProducts(ledger.sales, clock.now),
    claimIdleMs: isGateEmbedded(settings) ? claimIdleMs.embedded : claimIdleMs.shared,
    claimEveryMs: 1_000,
    logger,
  });
  stops.push(() => relay.stop());
}

interface GatewayRoleParts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly queue: ReservationQueue | undefined;
  readonly secrets: readonly string[];
}

/** A start does not wait longer for the gates: a part may be away, and the other products can be sold. */
const gatesInOrderWithinMs = 3_000;

async function runGateway(options: SystemOptions, parts: GatewayRoleParts, stops: Stops): Promise<number> {
  const { settings, logger, clock } = options;
  const { ledger, gate, queue, secrets } = parts;
  const repairer = `${hostname()}-${process.pid}`;
  const keeper = new GateKeeper({ gate, gates: ledger.gates, queue, repairer, logger, clock });
  stops.push(() => keeper.stop());
  keeper.start();
  // Buyers of a product that is not in order would only be told to try again.
  await keeper.whenInOrder(gatesInOrderWithinMs);
  try {
    const gateway = await startGateway({ gate, ledger, settings, secrets, logger, gateWatch: keeper, ...clock });
    stops.push(() => gateway.stop((settings.backend.shutdown_seconds * 1000) / 2));
    return gateway.port;
  } catch (error) {
    const { host, api_port } = settings.backend;
    if (error instanceof RingAddressError) throw new StartError(error.message);
    const { code } = error as { code?: string };
    if (code === "EADDRINUSE")
      throw new StartError(`backend.api_port ${api_port} on ${host} is in use by another process`);
    if (code === "EACCES") throw new StartError(`backend.api_port ${api_port} on ${host} may not be used by this user`);
    throw error;
  }
}

async function stopAll(stops: Stops, withinMs: number, logger: Logger): Promise<"drained" | "gave_up"> {
  const work = async (): Promise<"drained"> => {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      try {
        await stop();
      } catch (error) {
        logger.warn("a part did not stop in order", { error: String(error) });
      }
    }
    return "drained";
  };
  const { promise: tooLate, resolve } = Promise.withResolvers<"gave_up">();
  const timer = setTimeout(() => resolve("gave_up"), withinMs);
  const outcome = await Promise.race([work(), tooLate]);
  clearTimeout(timer);
  return outcome;
}
