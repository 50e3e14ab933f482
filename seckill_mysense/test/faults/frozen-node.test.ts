import { describe, expect, test } from "bun:test";
import { startNodes } from "my-redis";
import { freePort, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 180_000;
const products = 30;
const unitsOfEach = 2;
const buyersOfEach = 3;

describe.skipIf(missing)(`fault 29: a frozen node of the gate's ring${reason}`, () => {
  test(
    "closes its own products; the gateway stays ready, arms new products of the other nodes and sells them",
    async () => {
      await using cleanup = new AsyncDisposableStack();
      const nodes = await startNodes({
        nodes: 3,
        port: await freePort(3),
        dir: temporaryFolder("ring"),
        // As in the embedded ring: below the gateway's limit on the wait for the gate.
        directives: { appendonly: "no", "cluster-node-timeout": "1500" },
      });
      cleanup.defer(() => nodes.close());
      const redis = { cluster: nodes.nodes.map(({ port }) => `127.0.0.1:${port}`) };
      const idsOf = (prefix: string) => Array.from({ length: products }, (_, index) => `${prefix}-${index}`);
      const stockOf = (prefix: string) => Object.fromEntries(idsOf(prefix).map((id) => [id, unitsOfEach]));
      await using shop = await ShopInRoles.open({ products: stockOf("early"), config: { redis } });
      const [gateway] = await Promise.all(["gateway", "relay", "consumer", "sweeper"].map((role) => shop.start(role)));
      const { url, operationsUrl } = gateway!;
      const open = async (prefix: string): Promise<string[]> => {
        const { sales } = (await (await fetch(`${url}/api/sales`)).json()) as {
          sales: { products: { id: string; available: number | null }[] }[];
        };
        const all = sales.flatMap((sale) => sale.products);
        return all.filter(({ id, available }) => id.startsWith(prefix) && available !== null).map(({ id }) => id);
      };
      await waitUntil(async () => (await open("early")).length === products, {
        what: "all products to be open",
        timeoutMs: 20_000,
      });
      const buy = (id: string) => shop.crowd(id, shop.buyersOf(id, buyersOfEach, id), { concurrency: 2 });

      const frozen = nodes.pid(1)!;
      process.kill(frozen, "SIGSTOP");
      const early = Promise.all(idsOf("early").map(buy));
      early.catch(() => {});
      try {
        await shop.addSale("late", stockOf("late"));
        // The gateway has looked at the frozen node in several rounds by the time when it names products.
        await waitUntil(
          async () => {
            const ready = await fetch(`${operationsUrl}/readyz`);
            const report = (await ready.json()) as { productsNotWell: number };
            expect([ready.status, ready.status === 200 ? "" : JSON.stringify(report)]).toEqual([200, ""]);
            return report.productsNotWell > 0 && (await open("late")).length > 10;
          },
          { what: "new products of the other nodes", timeoutMs: 30_000 },
        );
        const left = (await open("early")).length;
        expect(left).toBeGreaterThan(10);
        expect(left).toBeLessThan(products);
        const [selling] = await open("late");
        expect(await shop.hear(await buy(selling!))).toBe(unitsOfEach);
        expect((await fetch(`${url}/readyz`)).status).toBe(200);
      } finally {
        process.kill(frozen, "SIGCONT");
      }
      // Among them the buyers of the frozen node's products.
      for (const crowd of await early) expect(await shop.hear(crowd)).toBe(unitsOfEach);
      await waitUntil(async () => (await open("late")).length === products, {
        what: "all products to sell when the node is back",
        timeoutMs: 30_000,
      });
      await shop.untilVerified({ demandLeft: false });
    },
    timeoutMs,
  );
});
