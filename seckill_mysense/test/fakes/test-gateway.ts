import type { Sale, SaleProduct } from "../../src/domain/sale.ts";
import { type Gateway, startGateway } from "../../src/gateway/gateway.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import type { PaymentProvider } from "../../src/payments/payment-provider.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { InternalSecret } from "../../src/authorization/internal-secret.ts";
import { startOperationsServer } from "../../src/operations/operations-server.ts";
import { DeadLetters } from "../../src/orders/dead-letters.ts";
import { recordWindows } from "../../src/roles/record-windows.ts";
import { MemoryGate } from "./memory-gate.ts";
import { openTestLedger, type TestLedger } from "./test-ledger.ts";

export const testSecret = "test-secret-0123456789-abcdefghijklmnopqrstuvwxyz";

export const testProduct: SaleProduct = {
  id: "headphones",
  saleId: "spring",
  name: "Headphones",
  priceMinor: 4_999,
  currency: "EUR",
  total: 2,
  limitPerUser: 1,
  epoch: 1,
};

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  /** The listener for operators and programs of one's own. */
  readonly operationsUrl: string;
  readonly gate: MemoryGate;
  readonly ledger: TestLedger;
  readonly gateway: Gateway;
  /** The clock of gateway, gate and ledger, Unix milliseconds. */
  readonly now: () => number;
}

interface TestGatewayOptions {
  readonly sale?: Partial<Sale>;
  readonly product?: Partial<SaleProduct>;
  /** Replaces fields of the other product, a speaker. */
  readonly speaker?: Partial<SaleProduct>;
  readonly limits?: Record<string, unknown>;
  readonly backend?: Record<string, unknown>;
  readonly gateways?: Record<string, unknown>;
  readonly accounts?: Record<string, unknown>;
  readonly secrets?: readonly string[];
  /** Without one no money moves. */
  readonly provider?: PaymentProvider;
  /** The wall clock of gateway, gate and ledger, Unix milliseconds. */
  readonly now?: () => number;
  /** Where the ledger is; in memory unless given. */
  readonly ledgerFile?: string;
  /** The gateway's monotonic clock, which is the other one unless given. */
  readonly elapsedMs?: () => number;
}

const noLimit = { rate_per_second: 0, burst: 1 };

/** A gateway on a free port, over parts in memory, with an open sale and only the given limits. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const now = options.now ?? Date.now;
  const gate = new MemoryGate(now);
  const ledger = await openTestLedger(now, options.ledgerFile);
  const nowMs = now();
  const sale: Sale = {
    id: "spring",
    title: "Spring sale",
    startsAtMs: nowMs - 60_000,
    endsAtMs: nowMs + 3_600_000,
    ...options.sale,
  };
  const first = { ...testProduct, ...options.product };
  const second = { ...testProduct, id: "speaker", name: "Speaker", ...options.speaker };
  await ledger.sales.create(sale, [first, second]);
  await gate.arm(sale, first, first.total);
  await gate.arm(sale, second, second.total);
  const settings = checkSettings(
    {
      backend: { host: "127.0.0.1", api_port: 0, ...options.backend },
      gateways: options.gateways ?? {},
      accounts: options.accounts ?? {},
      limits: {
        check_per_user: noLimit,
        check_per_address: noLimit,
        login_per_name: noLimit,
        login_per_address: noLimit,
        api_per_user: noLimit,
        room_per_user: noLimit,
        tracked_keys: 1_024,
        ...options.limits,
      },
    },
    "/",
  );
  const secrets = options.secrets ?? [testSecret];
  const health = new HealthBoard({ logger: silentLogger, now });
  const gateway = await startGateway({
    gate,
    ledger,
    settings,
    secrets,
    provider: options.provider,
    logger: silentLogger,
    health,
    now,
    elapsedMs: options.elapsedMs ?? now,
  });
  const { catalogue, productHealth } = gateway.stock;
  const operations = startOperationsServer({
    ...{ host: "127.0.0.1", port: 0, health, logger: silentLogger },
    figures: () => ({ ...gateway.payments.gauges }),
    longestLists: () => ({}),
    deadLetters: new DeadLetters({
      ...{ letters: ledger.deadLetters, orders: ledger.orders, logger: silentLogger },
      windows: recordWindows(settings),
    }),
    internalSecret: new InternalSecret(settings.backend.internal_secret),
    webServers: () => ({
      gateway,
      sale: { canSell: () => catalogue.canSell(), report: () => productHealth.report() },
    }),
  });
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    operationsUrl: `http://127.0.0.1:${operations.port}`,
    gate,
    ledger,
    gateway,
    now,
    async [Symbol.asyncDispose]() {
      operations.stop();
      await gateway.stop(1_000);
      await ledger.close();
    },
  };
}
