import { describe, expect, test } from "bun:test";
import { AgreedRing } from "../../../my_redis/test/cluster/failover/agreed-ring.ts";
import { nodeId } from "../../../my_redis/src/cluster/members.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { programServices } from "../roles/program-services.ts";
import type { Buyer } from "../simulation/crowd.ts";
import { type Heard, ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 240_000;
const products = 12;
const unitsOfEach = 60;
const buyersOfEach = 75;
/** Between two buyers of a product, while the ring changes. */
const pauseMs = 40;

const ids = Array.from({ length: products }, (_, index) => `product-${index}`);

describe.skipIf(missing)(`fault 45: the gate's ring grows and shrinks${reason}`, () => {
  test(
    "a sale goes on while its gate's ring grows from three nodes to five, and shrinks to three others",
    async () => {
      await using cleanup = new AsyncDisposableStack();
      const ring = await AgreedRing.start(3, 2, { appendfsync: "always", "cluster-node-timeout": "1500" });
      cleanup.defer(() => ring.stop());
      const redis = { cluster: ring.names.slice(0, 3) };
      await using shop = await ShopInRoles.open({
        products: Object.fromEntries(ids.map((id) => [id, unitsOfEach])),
        config: { redis },
      });
      const [gateway] = await Promise.all(["gateway", "relay", "consumer", "sweeper"].map((role) => shop.start(role)));
      await waitUntil(async () => (await openProducts(gateway!.url)) === products, {
        what: "all products to be open",
        timeoutMs: 30_000,
      });

      let isOver = false;
      let answered = 0;
      // One buyer after the other, until the ring is as it is to be; then all that are left.
      const buy = async (id: string): Promise<Heard> => {
        const buyers = shop.buyersOf(id, buyersOfEach, id);
        const held = new Map<Buyer, string>();
        for (const buyer of buyers) {
          for (const [, reservation] of (await shop.crowd(id, [buyer], { concurrency: 1 })).held)
            held.set(buyer, reservation);
          answered++;
          if (!isOver) await Bun.sleep(pauseMs);
        }
        return { productId: id, buyers, held };
      };
      const buying = Promise.all(ids.map(buy));
      buying.catch(() => {});

      const begun = answered;
      for (const node of [3, 4]) {
        await ring.startNode(node);
        expect(await ring.ask(0, "CLUSTER", "MEET", "127.0.0.1", `${ring.ports[node] as number}`)).toBe("OK");
      }
      await ring.untilSettled(4, 5);
      const grown = answered;
      // Two of the three nodes that the settings of the roles name.
      for (const node of [0, 1]) {
        expect(await ring.ask(4, "CLUSTER", "FORGET", nodeId(ring.names[node] as string))).toBe("OK");
      }
      await ring.untilSettled(4, 3);
      for (const node of [0, 1]) await ring.kill(node, "SIGTERM");
      const shrunk = answered;
      isOver = true;
      for (const heard of await buying) expect(await shop.hear(heard)).toBe(unitsOfEach);
      // Buyers were answered before, between and after the changes.
      expect(grown).toBeGreaterThan(begun);
      expect(shrunk).toBeGreaterThan(grown);
      await shop.untilVerified({ demandLeft: true });
    },
    timeoutMs,
  );
});

async function openProducts(url: string): Promise<number> {
  const { sales } = (await (await fetch(`${url}/api/sales`)).json()) as {
    sales: { products: { available: number | null }[] }[];
  };
  return sales.flatMap((sale) => sale.products).filter(({ available }) => available !== null).length;
}
