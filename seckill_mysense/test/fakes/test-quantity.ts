import { QuantityClient, type QuantityClientOptions } from "../../client/index.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { openStock, type Stock } from "../../src/gateway/open-stock.ts";
import { HealthBoard } from "../../src/health/health-board.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { startQuantityServer } from "../../src/quantity/quantity-server.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { readProgramKeys } from "../../src/authorization/read-program-keys.ts";
import { systemClock } from "../../src/time/clock.ts";
import { MemoryGate } from "./memory-gate.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import { testProduct } from "./test-gateway.ts";
import { openTestLedger, type TestLedger } from "./test-ledger.ts";

export const shopKey = "key-of-the-shop-0123456789-abcdefghijklm";
export const otherKey = "key-of-another-0123456789-abcdefghijklmn";

export interface TestQuantity extends AsyncDisposable {
  readonly url: string;
  /** What operators see of it. */
  metricsText(): Promise<string>;
  readonly gate: MemoryGate;
  readonly ledger: TestLedger;
  readonly stock: Stock;
  /** A client with the key of the program `shop`. */
  client(options?: Partial<QuantityClientOptions>): QuantityClient;
  /** Records the reservations as relay and consumer would. */
  recordAll(): Promise<void>;
}

interface TestQuantityOptions {
  readonly product?: Partial<SaleProduct>;
  readonly programs?: readonly object[];
  readonly limits?: Record<string, unknown>;
  readonly recordWaitMs?: number;
  readonly startsInMs?: number;
}

/** The quantity service on a free port, over parts in memory, with two sales of one product each. */
export async function startTestQuantity(options: TestQuantityOptions = {}): Promise<TestQuantity> {
  const { now } = systemClock;
  const gate = new MemoryGate(now);
  const ledger = await openTestLedger(now);
  const startsAtMs = now() + (options.startsInMs ?? -60_000);
  const sale = { id: "spring", title: "Spring sale", startsAtMs, endsAtMs: now() + 3_600_000 };
  const first = { ...testProduct, ...options.product };
  const second = { ...testProduct, id: "speaker", saleId: "autumn" };
  await ledger.sales.create(sale, [first]);
  await ledger.sales.create({ ...sale, id: "autumn" }, [second]);
  await gate.arm(sale, first, first.total);
  await gate.arm({ ...sale, id: "autumn" }, second, second.total);
  const settings = checkSettings(
    {
      quantity: {
        port: 0,
        record_wait_ms: options.recordWaitMs ?? 1_000,
        programs: options.programs ?? [
          { name: "shop", key: shopKey },
          { name: "other", key: otherKey },
        ],
      },
      limits: { tracked_keys: 1_024, ...options.limits },
    },
    "/",
  );
  const health = new HealthBoard({ logger: silentLogger, now });
  const parts = {
    ledger,
    settings,
    health,
    logger: silentLogger,
    gate: gate as Gate,
    now,
    elapsedMs: systemClock.elapsedMs,
  };
  const stock = openStock(parts, { setSales() {} });
  await stock.catalogue.start();
  const programs = readProgramKeys(settings.quantity.programs);
  const server = startQuantityServer({ ...parts, stock, programs });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    ...{ url, gate, ledger, stock, metricsText: server.metricsText },
    client: (more = {}) => new QuantityClient({ url, key: shopKey, firstPauseMs: 1, ...more }),
    async recordAll() {
      await ledger.orders.record(gate.accepted, { payWithinMs: 60_000 });
    },
    async [Symbol.asyncDispose]() {
      stock.catalogue.stop();
      await server.stop(1_000);
      await ledger.close();
    },
  };
}
