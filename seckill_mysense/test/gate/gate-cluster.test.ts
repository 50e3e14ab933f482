import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Gate } from "../../src/gate/gate.ts";
import { productKeys } from "../../src/gate/product-keys.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startRelay } from "../../src/gate/relay.ts";
import {
  freePort,
  requireService,
  startRedisServer,
  waitUntil,
  type Service,
} from "../../../tools/test-services/index.ts";
import { kinds, saleFixture } from "../contract/gate/gate-fixtures.ts";

const redis = requireService("redis");

/** Two nodes of Redis Cluster, each with half of the slots. */
async function startCluster(): Promise<{ nodes: Service[]; clients: Redis[] }> {
  const start = async (): Promise<Service> =>
    startRedisServer({ args: ["--cluster-enabled", "yes", "--cluster-port", String(await freePort())] });
  const nodes = [await start(), await start()];
  const clients = nodes.map((node) => new Redis(node.port, node.host));
  const [first, second] = clients as [Redis, Redis];
  await first.call("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
  await second.call("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
  const busPort = String((await second.config("GET", "cluster-port"))[1]);
  await first.call("CLUSTER", "MEET", nodes[1]!.host, String(nodes[1]!.port), busPort);
  for (const client of clients) {
    await waitUntil(async () => String(await client.call("CLUSTER", "INFO")).includes("cluster_state:ok"), {
      what: "the cluster to be complete",
      timeoutMs: 20_000,
    });
  }
  return { nodes, clients };
}

describe.skipIf(redis.missing)(`The gate on a cluster${redis.reason}`, () => {
  let nodes: Service[];
  let clients: Redis[];
  let gate: Gate;

  beforeAll(async () => {
    ({ nodes, clients } = await startCluster());
    // One node is enough to learn of the other.
    gate = createGate({ connection: { cluster: [{ host: nodes[0]!.host, port: nodes[0]!.port }] }, timeoutMs: 5_000 });
  }, 60_000);

  afterAll(async () => {
    await gate.close();
    for (const client of clients) client.disconnect();
    for (const node of nodes) await node.stop();
  });

  test("sells products that live on different nodes, and relays them all", async () => {
    const fixtures = Array.from({ length: 12 }, () => saleFixture({ total: 5 }));
    for (const { sale, product } of fixtures) expect(await gate.arm(sale, product, 5)).toBe("armed");
    const outcomes = await Promise.all(
      fixtures.flatMap((fixture) =>
        Array.from({ length: 8 }, (_, i) => gate.reserve(fixture.request(`u${i}`, `r${i}`))),
      ),
    );
    expect(kinds(outcomes)).toEqual({ accepted: 60, sold_out: 36 });
    const keysOnNodes = await Promise.all(clients.map((client) => client.dbsize()));
    expect(Math.min(...keysOnNodes)).toBeGreaterThan(0);

    const published: string[] = [];
    const relay = startRelay({
      gate,
      queue: {
        publish: async (batch) => void published.push(...batch.map((r) => `${r.productId} ${r.reservationId}`)),
        consume: () => Promise.reject(new Error("unused")),
        depth: () => Promise.reject(new Error("unused")),
        close: async () => {},
      },
      products: () => fixtures.map((fixture) => fixture.product),
      relayName: "relay",
    });
    await waitUntil(() => relay.published >= 60, { what: "60 messages", timeoutMs: 20_000 });
    await relay.stop();
    expect(new Set(published).size).toBe(60);
    for (const { sale, product } of fixtures) {
      expect(await gate.status(sale.id, product.id)).toMatchObject({ available: 0, outboxLength: 0, holders: 5 });
    }
  }, 60_000);

  test("keeps each product's keys together", async () => {
    const keys = productKeys(saleFixture().product);
    const slots = await Promise.all(keys.map((key) => clients[0]!.call("CLUSTER", "KEYSLOT", key)));
    expect(new Set(slots).size).toBe(1);
  });
});
