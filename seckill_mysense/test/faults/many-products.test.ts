import { Database } from "bun:sqlite";
import { HealthBoard } from "../../src/health/health-board.ts";
import { describe, expect, test } from "bun:test";
import { requireService, startRedisServer, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { join } from "node:path";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { keepGates } from "../fakes/keep-gates.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { gatherBuyers } from "../simulation/crowd.ts";

const redis = requireService("redis");
const hourMs = 3_600_000;

describe.skipIf(redis.missing)(`a sale of five thousand products${redis.reason}`, () => {
  test("sells each of them beside two whose rows are bad, and names those two", async () => {
    await using cleanup = new AsyncDisposableStack();
    const server = await startRedisServer({});
    cleanup.defer(() => server.stop());
    const file = join(temporaryFolder("many-products"), "ledger.sqlite");
    const ledger = sqliteLedger({ file });
    cleanup.defer(() => ledger.close());
    await ledger.migrate();
    const times = { startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + hourMs };
    const sale = { id: "large", title: "Large", ...times };
    const products = Array.from({ length: 5_000 }, (_, index) => ({
      ...{ ...testProduct, id: `product-${index}`, saleId: sale.id },
    }));
    await ledger.changes.create(sale, products, { actor: "test", state: "published" });
    const rows = new Database(file);
    rows.run("update products set limit_per_user = 0 where id = 'product-17'");
    rows.run("update products set epoch = 0 where id = 'product-4711'");
    rows.close();

    const gate = createGate({ connection: { host: server.host, port: server.port }, timeoutMs: 5_000 });
    cleanup.defer(() => gate.close());
    const keeper = keepGates({ gate, gates: ledger.gates, queue: undefined });
    cleanup.defer(() => keeper.stop());
    const limits = { check_per_address: { rate_per_second: 0 }, check_per_user: { rate_per_second: 0 } };
    const settings = checkSettings({ backend: { host: "127.0.0.1", api_port: 0 }, limits }, "/");
    const parts = { gate, ledger, settings, secrets: [testSecret], logger: silentLogger, gateWatch: keeper };
    const gateway = await startGateway({
      ...parts,
      ...systemClock,
      health: new HealthBoard({ logger: silentLogger, now: systemClock.now }),
    });
    cleanup.defer(() => gateway.stop(1_000));
    const url = `http://127.0.0.1:${gateway.port}`;

    const buy = async (productId: string): Promise<number> => {
      const [buyer] = gatherBuyers({ secret: testSecret, saleId: sale.id, productId, ...times }, 1);
      const headers = { authorization: `Bearer ${buyer!.token}` };
      return (await fetch(`${url}/check?productID=${productId}`, { method: "POST", headers })).status;
    };
    const answers = new Map<string, number>();
    const good = products.map(({ id }) => id).filter((id) => id !== "product-17" && id !== "product-4711");
    await waitUntil(
      async () => {
        for (const id of good) if (answers.get(id) !== 202) answers.set(id, await buy(id));
        return good.every((id) => answers.get(id) === 202);
      },
      { what: "every good product to be sold", timeoutMs: 60_000 },
    );
    expect([await buy("product-17"), await buy("product-4711")]).toEqual([503, 503]);
    // The gateway looks at products in turn.
    const report = async () => {
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      return gateway.stock.productHealth.report();
    };
    await waitUntil(async () => (await report()).productsNotWell === 2, {
      what: "two products to be named",
      timeoutMs: 20_000,
    });
    const named = (await report()).products.map(({ product }) => product);
    expect(named.toSorted()).toEqual(["product-17", "product-4711"]);
  }, 120_000);
});
