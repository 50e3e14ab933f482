import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RingOfProcesses } from "./ring-of-processes.ts";
import { TripleWorkload } from "./triple-workload.ts";

/** How often each node is killed and frozen. CLUSTER_CRASH_ROUNDS sets more rounds. */
const rounds = Number(process.env["CLUSTER_CRASH_ROUNDS"] ?? 1);
const nodes = 3;
const nodeTimeoutMs = 1000;
const testTimeoutMs = 60_000 * Math.max(1, rounds);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let ring: RingOfProcesses;

beforeAll(async () => {
  ring = await RingOfProcesses.start(nodes, {
    appendfsync: "always",
    "cluster-node-timeout": `${nodeTimeoutMs}`,
    // Low limits, so that the log is rewritten many times during the test.
    "auto-aof-rewrite-min-size": "64kb",
    "auto-aof-rewrite-percentage": "10",
  });
}, 30_000);

afterAll(() => ring.stop());

async function strike(name: string, fault: (node: number) => Promise<void>): Promise<TripleWorkload> {
  const workload = new TripleWorkload(ring, name, 6);
  await workload.start();
  for (let round = 0; round < rounds; round++) {
    for (let node = 0; node < nodes; node++) {
      await pause(300);
      await fault(node);
    }
  }
  await pause(500);
  await workload.stop();
  await ring.untilWhole();
  await workload.check();
  return workload;
}

describe("writes to three nodes at once", () => {
  test(
    "are complete and not lost when each node in turn is killed and restarted",
    async () => {
      const { problems, counts } = await strike("killed", async (node) => {
        await ring.kill(node, "SIGKILL");
        await pause(nodeTimeoutMs * 1.5);
        // The other nodes finish the dead node's open transactions without it.
        await ring.untilUnlocked(node);
        await ring.startNode(node);
      });
      expect(problems).toEqual([]);
      expect(counts.acknowledged).toBeGreaterThan(0);
      expect(counts.moves).toBeGreaterThan(0);
      expect(counts.reads).toBeGreaterThan(0);
    },
    testTimeoutMs,
  );

  test(
    "are complete and not lost when each node in turn is frozen and wakes",
    async () => {
      const { problems, counts } = await strike("frozen", async (node) => {
        await ring.kill(node, "SIGSTOP");
        await pause(nodeTimeoutMs * 2.5);
        await ring.untilUnlocked(node);
        await ring.kill(node, "SIGCONT");
      });
      expect(problems).toEqual([]);
      expect(counts.acknowledged).toBeGreaterThan(0);
      expect(counts.moves).toBeGreaterThan(0);
    },
    testTimeoutMs,
  );
});
