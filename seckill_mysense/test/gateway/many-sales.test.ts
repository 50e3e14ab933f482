import { Database } from "bun:sqlite";
import { HealthBoard } from "../../src/health/health-board.ts";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import type { SaleProduct } from "../../src/domain/sale.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { createLogger } from "../../src/logging/logger.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { MemoryGate } from "../fakes/memory-gate.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { keepGates } from "../fakes/keep-gates.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";

const hourMs = 3_600_000;

/** A gateway that arms the gate itself, over a ledger in a file, which a test may change behind its back. */
async function setUp(limits: Record<string, unknown> = {}) {
  const file = join(temporaryFolder("many-sales"), "ledger.sqlite");
  const ledger = sqliteLedger({ file });
  await ledger.migrate();
  const gate = new MemoryGate();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: "warn",
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    now: Date.now,
  });
  const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 }, limits }, "/");
  const cleanup = new AsyncDisposableStack();
  cleanup.defer(() => ledger.close());
  const start = async () => {
    const keeper = keepGates({ gate, gates: ledger.gates, queue: undefined, logger });
    cleanup.defer(() => keeper.stop());
    await keeper.whenInOrder(3_000);
    const secrets = [testSecret];
    const health = new HealthBoard({ logger, now: systemClock.now });
    const parts = { gate, ledger, settings, secrets, logger, health, gateWatch: keeper };
    const gateway = await startGateway({ ...parts, ...systemClock });
    cleanup.defer(() => gateway.stop(1_000));
    const url = `http://127.0.0.1:${gateway.port}`;
    return { gateway, url, health };
  };
  const add = (id: string, startsInMs: number, change: Partial<SaleProduct> = {}): Promise<void> => {
    const startsAtMs = Date.now() + startsInMs;
    return ledger.sales.create({ id, title: id, startsAtMs, endsAtMs: startsAtMs + hourMs }, [
      { ...testProduct, id: `${id}-product`, saleId: id, ...change },
    ]);
  };
  return { file, ledger, gate, lines, start, add, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

async function buy(url: string, product: string, name = "Ada"): Promise<number> {
  const buyer = new TestBuyer(url);
  await buyer.register(name);
  return (await buyer.check(product, await buyer.token(product))).status;
}

describe("a gateway with many sales", () => {
  test("sells what is open now, though 260 sales come later", async () => {
    await using system = await setUp();
    await system.add("now", -1_000);
    for (let index = 0; index < 260; index++) await system.add(`later-${index}`, 2 * hourMs + index);
    const { url } = await system.start();
    expect(await buy(url, "now-product")).toBe(202);
  });

  test("keeps what is open now when there are more sales than limits.sales, and says so", async () => {
    await using system = await setUp({ sales: 3 });
    await system.add("now", -1_000);
    for (let index = 0; index < 5; index++) await system.add(`later-${index}`, 2 * hourMs + index);
    const { url, health } = await system.start();
    expect(await buy(url, "now-product")).toBe(202);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(JSON.stringify(health.parts)).toContain("limits.sales");
  });

  test("sells the others beside a product whose row is bad, and names that product once", async () => {
    await using system = await setUp();
    await system.add("good", -1_000);
    await system.add("bad", -1_000);
    const rows = new Database(system.file);
    rows.run("update products set limit_per_user = 0 where id = 'bad-product'");
    rows.close();
    const { url, gateway } = await system.start();
    expect(await buy(url, "good-product")).toBe(202);
    for (let round = 0; round < 3; round++) await gateway.catalogue.refresh();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(gateway.stock.productHealth.report().products).toEqual([
      { sale: "bad", product: "bad-product", problem: expect.stringContaining("limitPerUser") },
    ]);
    expect(await gateway.metricsText()).toContain("seckill_products_not_well 1");
    expect(system.lines.filter(({ productId }) => productId === "bad-product")).toHaveLength(1);
  });
});
