import { join } from "node:path";
import { HealthBoard } from "../../src/health/health-board.ts";
import { freshMysqlDatabase, startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import type { GateServer as GateAddress } from "../../src/gate/gate-connection.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { type Gateway, startGateway } from "../../src/gateway/gateway.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startConsumer } from "../../src/orders/consumer.ts";
import type { OfferParts } from "../../src/orders/offer-units.ts";
import { borrowUnits } from "../../src/sales/borrow-units.ts";
import { startSweeper } from "../../src/orders/sweeper.ts";
import { embeddedQueue } from "../../src/queue/embedded-queue.ts";
import { startRelay } from "../../src/relay/relay.ts";
import { relayedProducts } from "../../src/relay/relayed-products.ts";
import { SaleService } from "../../src/sales/sale-service.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { keepGates } from "../fakes/keep-gates.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { FaultyProxy } from "../fakes/faulty-proxy.ts";

const noLimit = { rate_per_second: 0, burst: 1 };
const settings = checkSettings(
  {
    backend: { host: "127.0.0.1", api_port: 0 },
    limits: { check_per_user: noLimit, check_per_address: noLimit, tracked_keys: 1_024 },
  },
  "/",
);

/** A gate's server for one test. */
export interface GateServer {
  readonly connection: GateAddress;
  stop(): Promise<void>;
}

async function startRedisGate(): Promise<GateServer> {
  const redis = await startRedisServer({});
  return { connection: { host: redis.host, port: redis.port }, stop: () => redis.stop() };
}

/**
 * A shop on a gate's server (a new redis-server by default) and a new database, with all its roles in this process and
 * two gateways. The gateway `west` reaches the ledger through `westLedgerLine`, which a test can cut.
 */
export async function openShop(startGateServer: () => Promise<GateServer> = startRedisGate) {
  const cleanup = new AsyncDisposableStack();
  const server = await startGateServer();
  cleanup.defer(() => server.stop());
  const database = await freshMysqlDatabase();
  cleanup.defer(() => database.drop());
  const openLedger = (port: number): Ledger => {
    const ledger = mysqlLedger({ ...database, host: "127.0.0.1", port, poolSize: 4, retry: { retryForMs: 500 } });
    cleanup.defer(() => ledger.close());
    return ledger;
  };
  const ledger = openLedger(database.port);
  await ledger.migrate();
  const westLedgerLine = await FaultyProxy.before({ host: "127.0.0.1", port: database.port });
  cleanup.defer(() => westLedgerLine.stop());

  const gate = createGate({ connection: server.connection, timeoutMs: 2_000 });
  cleanup.defer(() => gate.close());
  const queue = embeddedQueue({ file: join(temporaryFolder("changing-shop"), "queue.sqlite") });
  cleanup.defer(() => queue.close());
  const consumer = await startConsumer({
    queue,
    orders: ledger.orders,
    deadLetters: ledger.deadLetters,
    payWithinMs: 900_000,
  });
  cleanup.defer(() => consumer.stop());
  const { orders, bundles, returns, waiters, changes } = ledger;
  const borrow: OfferParts["borrow"] = (list, wanted) => borrowUnits({ gate, changes }, list, wanted);
  const sweeper = startSweeper({ orders, bundles, returns, gate, offers: { waiters, gate, borrow }, intervalMs: 100 });
  cleanup.defer(() => sweeper.stop());
  const products = relayedProducts(ledger.changes, Date.now);
  const relay = startRelay({ gate, queue, relayName: "relay", products, productsEveryMs: 200 });
  cleanup.defer(() => relay.stop());

  const openGateway = async (own: Ledger, health: HealthBoard): Promise<Gateway> => {
    const keeper = keepGates({ gate, gates: own.gates, queue });
    cleanup.defer(() => keeper.stop());
    const parts = { gate, ledger: own, settings, secrets: [testSecret], logger: silentLogger, gateWatch: keeper };
    const gateway = await startGateway({ ...parts, ...systemClock, health });
    cleanup.defer(() => gateway.stop(1_000));
    return gateway;
  };
  const newBoard = (): HealthBoard => new HealthBoard({ logger: silentLogger, now: systemClock.now });
  const westHealth = newBoard();
  const east = await openGateway(ledger, newBoard());
  const west = await openGateway(openLedger(westLedgerLine.port), westHealth);
  const urlOf = ({ port }: Gateway): string => `http://127.0.0.1:${port}`;
  return {
    ledger,
    gate,
    queue,
    westLedgerLine,
    east,
    eastUrl: urlOf(east),
    westUrl: urlOf(west),
    westHealth,
    service: new SaleService({ changes: ledger.changes, orders: ledger.orders, gates: ledger.gates, gate }),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
