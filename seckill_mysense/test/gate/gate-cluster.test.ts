import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { GateOutcomeUnknown, GateUnavailable } from "../../src/gate/gate-errors.ts";
import type { Gate } from "../../src/gate/gate.ts";
import { startNodes } from "my-redis";
import { type GateProduct, productKeys } from "../../src/gate/product-keys.ts";
import { createGate } from "../../src/gate/redis-gate.ts";
import { startRelay } from "../../src/relay/relay.ts";
import {
  freePort,
  requireService,
  startRedisServer,
  temporaryFolder,
  waitUntil,
  type Service,
} from "../../../tools/test-services/index.ts";
import { adopt, kinds, saleFixture } from "../contract/gate/gate-fixtures.ts";

const redis = requireService("redis");

interface Nodes {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** Two nodes of Redis Cluster, each with half of the slots. */
async function startCluster(): Promise<Nodes> {
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
    client.disconnect();
  }
  return {
    ports: nodes.map(({ port }) => port),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

/** Three nodes of MyRedis, started again when they die. */
async function startRing(): Promise<Nodes & { pid(index: number): number | undefined }> {
  const running = await startNodes({
    nodes: 3,
    port: await freePort(3),
    dir: temporaryFolder("ring"),
    directives: { appendonly: "yes", appendfsync: "always", "cluster-node-timeout": "1000" },
  });
  return {
    ports: running.nodes.map(({ port }) => port),
    stop: () => running.close(),
    pid: (index) => running.pid(index),
  };
}

function testCluster(start: () => Promise<Nodes>): void {
  let nodes: Nodes;
  let clients: Redis[];
  let gate: Gate;

  beforeAll(async () => {
    nodes = await start();
    clients = nodes.ports.map((port) => new Redis(port));
    // One node names the others.
    const cluster = [{ host: "127.0.0.1", port: nodes.ports[0]! }];
    gate = createGate({ connection: { cluster }, timeoutMs: 5_000 });
  }, 60_000);

  afterAll(async () => {
    await gate.close();
    for (const client of clients) client.disconnect();
    await nodes.stop();
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
    // The ids are new in each run, so that a node may have none of the products.
    const owners = new Set(await Promise.all(fixtures.map(({ product }) => ownerOf(product))));
    expect(owners.size).toBeGreaterThan(1);

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

  /** The port of the node that holds a product. */
  async function ownerOf(product: GateProduct): Promise<number> {
    const slot = Number(await clients[0]!.call("CLUSTER", "KEYSLOT", productKeys(product)[0]));
    const ranges = (await clients[0]!.call("CLUSTER", "SLOTS")) as [number, number, [string, number]][];
    return ranges.find(([first, last]) => slot >= first && slot <= last)![2][1];
  }
}

describe.skipIf(redis.missing)(`The gate on Redis Cluster${redis.reason}`, () => testCluster(startCluster));

describe("The gate on a ring of MyRedis nodes", () => {
  testCluster(startRing);

  test("goes on for the other products while a node is killed, and for all of them when it is back", async () => {
    const nodes = await startRing();
    const gate = createGate({
      connection: { cluster: nodes.ports.map((port) => ({ host: "127.0.0.1", port })) },
      timeoutMs: 2_000,
    });
    try {
      const total = 40;
      const fixtures = Array.from({ length: 9 }, () => saleFixture({ total }));
      for (const { sale, product } of fixtures) await gate.arm(sale, product, total);
      const accepted = new Map<string, Set<string>>();
      let killed: number | undefined;
      // Each buyer repeats the same reservation until there is an answer, as a gateway does.
      const buy = async (fixture: (typeof fixtures)[number], index: number): Promise<void> => {
        const request = fixture.request(`u${index}`, `r${index}`);
        for (let attempt = 0; attempt < 400; attempt++) {
          try {
            const outcome = await gate.reserve(request);
            if (outcome.kind === "accepted" || outcome.kind === "replay") {
              const taken = accepted.get(fixture.product.id) ?? new Set();
              accepted.set(fixture.product.id, taken.add(`r${index}`));
            }
            if (outcome.kind !== "closed") return;
            await adopt(gate, fixture);
          } catch (error) {
            // Both errors, unavailable and outcome unknown, call for another attempt.
            expect(error instanceof GateUnavailable || error instanceof GateOutcomeUnknown).toBe(true);
          }
          await Bun.sleep(25);
        }
        throw new Error(`u${index} got no answer for ${fixture.product.id}`);
      };
      await Promise.all(
        fixtures.flatMap((fixture) =>
          Array.from({ length: 60 }, async (_, index) => {
            await Bun.sleep(index * 10);
            if (index === 15 && killed === undefined) {
              killed = nodes.pid(1);
              process.kill(killed!, "SIGKILL");
            }
            await buy(fixture, index);
          }),
        ),
      );
      for (const { sale, product } of fixtures) {
        expect(accepted.get(product.id)?.size).toBe(total);
        const status = await gate.status(sale.id, product.id);
        expect(status).toMatchObject({ available: 0, holders: total, outboxLength: total });
      }
      expect(nodes.pid(1)).not.toBe(killed!);
    } finally {
      await gate.close();
      await nodes.stop();
    }
  }, 90_000);
});
