import { describe, expect, test } from "bun:test";
import { HealthBoard } from "../../src/health/health-board.ts";
import { startNodes } from "my-redis";
import { freePort, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { silentLogger } from "../../src/logging/logger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { GateKeeper } from "../../src/recovery/gate-keeper.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";

const timeoutMs = 90_000;

describe("a frozen node of the gate's ring", () => {
  test(
    "closes its own products; the gateway stays ready, arms new products of the other nodes and sells them",
    async () => {
      const nodes = await startNodes({
        nodes: 3,
        port: await freePort(3),
        dir: temporaryFolder("ring"),
        // As in the embedded ring: below the gateway's limit on the wait for the gate.
        directives: { appendonly: "no", "cluster-node-timeout": "1500" },
      });
      const cluster = nodes.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
      const gate = createGate({ connection: { cluster }, timeoutMs: 2_000 });
      const ledger = sqliteLedger({ file: ":memory:" });
      await ledger.migrate();
      const sale = { id: "spring", title: "Spring", startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000 };
      const productsOf = (prefix: string) =>
        Array.from({ length: 30 }, (_, i) => ({ ...testProduct, id: `${prefix}-${i}`, saleId: sale.id, total: 5 }));
      await ledger.sales.create(sale, productsOf("early"));
      const queue = { depth: async () => ({ ready: 0, unacknowledged: 0 }), unsettled: async () => 0 };
      const parts = { gate, gates: ledger.gates, queue, repairer: "test", logger: silentLogger, clock: systemClock };
      const keeper = new GateKeeper(parts);
      keeper.start();
      await keeper.whenInOrder(20_000);
      expect(keeper.counts.armed).toBe(30);
      const noLimit = { rate_per_second: 0, burst: 1 };
      const settings = checkSettings(
        {
          backend: { host: "127.0.0.1", api_port: 0 },
          limits: { check_per_address: noLimit, login_per_name: noLimit, login_per_address: noLimit },
        },
        "/",
      );
      const secrets = [testSecret];
      const gateway = await startGateway({
        ...{ gate, ledger, settings, secrets, logger: silentLogger, gateWatch: keeper, ...systemClock },
        health: new HealthBoard({ logger: silentLogger, now: systemClock.now }),
      });
      const frozen = nodes.pid(1)!;
      process.kill(frozen, "SIGSTOP");
      try {
        const url = `http://127.0.0.1:${gateway.port}`;
        const late = { ...sale, id: "late" };
        await ledger.sales.create(
          late,
          productsOf("late").map((product) => ({ ...product, saleId: late.id })),
        );
        // Long enough for several refreshes with a wait for the frozen node in each of them.
        for (let second = 0; second < 9; second++) {
          await Bun.sleep(1_000);
          expect((await fetch(`${url}/readyz`)).status).toBe(200);
        }
        const sells = (id: string) => gateway.catalogue.find(id)?.available === 5;
        const open = (prefix: string) => productsOf(prefix).filter(({ id }) => sells(id)).length;
        await waitUntil(() => open("late") > 10, { what: "new products of the other nodes", timeoutMs: 20_000 });
        expect(open("early")).toBeGreaterThan(10);
        expect(open("early")).toBeLessThan(30);
        const selling = productsOf("late").find(({ id }) => sells(id))!;
        const [buyer, token] = await buyerWithToken(url, "Ada", selling.id);
        expect((await buyer.check(selling.id, token)).status).toBe(202);
      } finally {
        process.kill(frozen, "SIGCONT");
      }
      await waitUntil(() => productsOf("late").every(({ id }) => gateway.catalogue.find(id)?.available != null), {
        what: "all products to sell when the node is back",
        timeoutMs: 30_000,
      });
      await keeper.stop();
      await gateway.stop(1_000);
      await gate.close();
      await nodes.close();
      await ledger.close();
    },
    timeoutMs,
  );
});
