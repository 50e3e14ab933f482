import { afterEach, expect, test } from "bun:test";
import { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { TripleWorkload } from "../crash/triple-workload.ts";
import { changeRing, untilMoved, weightsOf } from "../moving/moving-ring.ts";

const testTimeoutMs = 90_000;
/** So low limits that logs are rewritten many times during a test. */
const directives = {
  ...{ "cluster-node-timeout": "600", "auto-aof-rewrite-min-size": "64kb", "auto-aof-rewrite-percentage": "10" },
};
const triples = 4;

let ring: RingOfProcesses;

afterEach(() => ring.stop());

/** Runs the workload while something happens, and checks afterwards that each write is done everywhere or nowhere. */
async function check(name: string, happens: (workload: TripleWorkload) => Promise<void>): Promise<void> {
  const workload = new TripleWorkload(ring, name, triples);
  await workload.start();
  await untilMore(workload, 20);
  await happens(workload);
  await untilMore(workload, 20);
  await workload.stop();
  await ring.untilWhole();
  await workload.check();
  expect(workload.problems).toEqual([]);
  expect(workload.counts.reads).toBeGreaterThan(0);
  expect(workload.counts.moves).toBeGreaterThan(0);
}

async function untilMore({ counts }: TripleWorkload, count: number): Promise<void> {
  const goal = counts.acknowledged + count;
  while (counts.acknowledged < goal) await Bun.sleep(10);
}

test(
  "writes to several places are whole and not lost when each primary in turn is killed",
  async () => {
    ring = await RingOfProcesses.start(2, { ...directives, "cluster-acknowledgement": "replica" }, 1);
    await check("killed", async (workload) => {
      for (const seat of [0, 1]) {
        // Clients use this node as well: so the coordinator of many writes is killed, too.
        await ring.kill(seat, "SIGKILL");
        await ring.untilMoved(seat, seat);
        await untilMore(workload, 20);
        await ring.startNode(seat);
        await ring.untilInSync(seat);
      }
    });
  },
  testTimeoutMs,
);

test(
  "writes to several places are whole and not lost when a primary is frozen until another one has taken over",
  async () => {
    ring = await RingOfProcesses.start(2, { ...directives, "cluster-acknowledgement": "primary" }, 1);
    await check("frozen", async (workload) => {
      for (const seat of [0, 1]) {
        await ring.kill(seat, "SIGSTOP");
        await ring.untilMoved(seat, seat);
        await untilMore(workload, 20);
        await ring.kill(seat, "SIGCONT");
        await ring.untilInSync(seat);
      }
    });
  },
  testTimeoutMs,
);

test(
  "writes to several places are whole while slots move, primaries hand over, and one of them is killed",
  async () => {
    ring = await RingOfProcesses.start(2, { ...directives, "cluster-acknowledgement": "replica" }, 1);
    await check("moving", async (workload) => {
      await untilMoved(ring, await changeRing(ring, weightsOf(ring, 3, 1), 2));
      await untilMore(workload, 20);
      const back = await changeRing(ring, weightsOf(ring, 1, 3), 2);
      await ring.kill(1, "SIGKILL");
      await untilMoved(ring, back);
      await ring.startNode(1);
      await ring.untilInSync(1);
      const replica = await ring.connect(2);
      expect((await replica.reply("CLUSTER", "FAILOVER")).text).toBe("OK");
      replica.close();
      await ring.untilMoved(0, 0);
      await untilMore(workload, 20);
    });
  },
  testTimeoutMs,
);
