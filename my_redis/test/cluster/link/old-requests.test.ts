import { describe, expect, test } from "bun:test";
import { freePorts, waitUntil } from "../../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { LinkDelay } from "../../../src/cluster/link/link-delay.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

const nodeTimeoutMs = 60_000;

describe("a node that was frozen", () => {
  test("does not run requests that were sent to it meanwhile", async () => {
    const ports = await freePorts(2);
    const names = ports.map((port) => `127.0.0.1:${port}`);
    // The second node's clock jumps, as if the node had been frozen.
    let awayMs = 0;
    const start = (node: number, monotonicMs: () => number): Promise<OpenServer> =>
      startOpenServer({
        bind: ["127.0.0.1"],
        memory: true,
        port: ports[node] as number,
        self: names[node] as string,
        peers: names,
        "cluster-node-timeout": nodeTimeoutMs,
        environment: { monotonicMs },
      });
    const nodes = [await start(0, () => performance.now()), await start(1, () => performance.now() + awayMs)];
    const cluster = nodes[0]!.server.parts.cluster!;
    const link = cluster.links.find((each) => each !== undefined)!;
    const client = await RespConnection.open(ports[0] as number, "node 0");
    const key = Array.from({ length: 100 }, (_, number) => `key:${number}`).find(
      (name) => cluster.view.ownerOfSlot(cluster.view.slotOfKey(Buffer.from(name), 0, name.length)) === link.node,
    ) as string;
    expect((await client.reply("SET", key, "before")).text).toBe("OK");
    // Right after a ping, the next one is a second away.
    const heardAtMs = link.heardAtMs;
    await waitUntil(() => link.heardAtMs > heardAtMs, { what: "a sign of life", timeoutMs: 5000, intervalMs: 1 });
    awayMs = nodeTimeoutMs / 2 + 1;
    expect((await client.reply("SET", key, "old")).text).toMatch(/^CLUSTERDOWN .* may or may not/);
    // A new link is opened at once.
    expect((await client.reply("GET", key)).text).toBe("before");
    client.close();
    await Promise.all(nodes.map((node) => node.close()));
  });
});

describe("the delay of messages", () => {
  test("is their time beyond the shortest one, whatever the two clocks show", () => {
    const delay = new LinkDelay();
    expect(delay.excess(1000, 500_000)).toBe(0);
    expect(delay.excess(1100, 500_150)).toBeCloseTo(50, 0);
    expect(delay.excess(1200, 500_199)).toBe(0);
    expect(delay.excess(1300, 502_299)).toBeCloseTo(2000, -1);
  });

  test("does not grow when clocks drift apart slowly", () => {
    const delay = new LinkDelay();
    for (let second = 0; second < 100_000; second++) {
      expect(delay.excess(second * 1000, second * 1000.5)).toBeLessThan(1);
    }
  });
});
