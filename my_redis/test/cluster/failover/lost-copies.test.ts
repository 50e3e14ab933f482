import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";

const testTimeoutMs = 60_000;
const directives = { "cluster-node-timeout": "600", "cluster-acknowledgement": "replica" };

let ring: RingOfProcesses;

afterEach(() => ring.stop());

async function until(node: number, what: string, words: readonly string[], expected: string): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const client = await ring.connect(node);
    try {
      return (await client.reply(...(words as [string]))).text === expected;
    } finally {
      client.close();
    }
  };
  await waitUntil(isThere, { what, timeoutMs: 30_000, intervalMs: 50 });
}

test(
  "when all copies of a place have ended, the one with the most goes on once all are back",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    const client = await ring.connect(2);
    for (let number = 1; number <= 50; number++) expect((await client.reply("INCR", "count")).text).toBe(`${number}`);
    client.close();
    const offset = Number((await ring.info(0))?.get("cluster_seat_offset"));
    expect(offset).toBeGreaterThan(0);
    await Promise.all([0, 1, 2].map((node) => ring.kill(node, "SIGKILL")));
    await Promise.all([0, 1, 2].map((node) => ring.startNode(node)));
    await until(1, "the count", ["GET", "count"], "50");
    await ring.untilInSync();
    // The logs have told how far each copy is.
    expect(Number((await ring.info(1))?.get("cluster_seat_offset"))).toBeGreaterThanOrEqual(offset);
    await until(0, "the next count", ["INCR", "count"], "51");
  },
  testTimeoutMs,
);

test(
  "an older copy serves only by an operator's word, and the former primary then follows it",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    const client = await ring.connect(0);
    expect((await client.reply("SET", "key", "known to all")).text).toBe("OK");
    for (const node of [1, 2]) await ring.kill(node, "SIGKILL");
    await ring.startNode(2);
    // Only the primary and the node that is back are there: it gets the data, and the primary goes on.
    await waitUntil(async () => (await ring.info(0))?.get("cluster_seat_in_sync")?.split(" ").length === 2, {
      what: "one replica to be in sync",
      timeoutMs: 30_000,
    });
    expect((await client.reply("SET", "key", "not known to node 1")).text).toBe("OK");
    client.close();
    for (const node of [0, 2]) await ring.kill(node, "SIGKILL");
    await Bun.$`rm -rf ${ring.folders[2]}/appendonlydir`.quiet();
    await Promise.all([1, 2].map((node) => ring.startNode(node)));
    const older = await ring.connect(1);
    // Two of three nodes are there and have a leader, but neither has all that was acknowledged.
    await waitUntil(async () => (await ring.info(1))?.get("cluster_leader") !== "", {
      what: "a leader",
      timeoutMs: 30_000,
    });
    expect((await older.reply("GET", "key")).text).toStartWith("CLUSTERDOWN");
    expect(await ring.primaryOf(0)).toBeUndefined();
    expect((await older.reply("CLUSTER", "FAILOVER", "FORCE")).text).toBe("OK");
    await until(1, "the older value", ["GET", "key"], "known to all");
    older.close();
    await ring.startNode(0);
    await ring.untilInSync();
    expect((await ring.info(0))?.get("cluster_seat_role")).toBe("replica");
    await until(0, "the older value by way of the former primary", ["GET", "key"], "known to all");
  },
  testTimeoutMs,
);

test(
  "a node whose folder was emptied helps nobody to be elected, because it may have forgotten its votes",
  async () => {
    ring = await RingOfProcesses.start(1, directives, 2);
    const before = Number((await ring.info(0))?.get("cluster_table_version"));
    await Promise.all([0, 1, 2].map((node) => ring.kill(node, "SIGKILL")));
    await Bun.$`rm -rf ${ring.folders[2]}/appendonlydir ${ring.folders[2]}/ring.state`.quiet();
    await Promise.all([1, 2].map((node) => ring.startNode(node)));
    // Longer than elections take: then the third node decides.
    await Bun.sleep(3000);
    for (const node of [1, 2]) expect((await ring.info(node))?.get("cluster_table_version")).toBe("0");
    await ring.startNode(0);
    await ring.untilInSync();
    expect(Number((await ring.info(2))?.get("cluster_table_version"))).toBeGreaterThan(before);
  },
  testTimeoutMs,
);
