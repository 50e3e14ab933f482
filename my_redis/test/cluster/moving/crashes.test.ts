import { afterEach, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import { CountingWriter } from "./counting-writer.ts";
import { changeRing, leaderOf, startMovingRing, untilMoved, weightsOf } from "./moving-ring.ts";

let ring: RingOfProcesses;
let writers: CountingWriter[] = [];

afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.stop()));
  await ring.stop();
});

const directives = { "cluster-node-timeout": "600", "cluster-acknowledgement": "replica" };
const testTimeoutMs = 60_000;

/** Two places with much data, under writes, of which the second is about to give half of its slots to the first. */
async function begin(spared: readonly number[]): Promise<number> {
  ring = await startMovingRing(2, 1, directives);
  const filler = await ring.connect(0);
  const value = "x".repeat(500);
  for (let number = 0; number < 20; number++) {
    const commands = Array.from({ length: 500 }, (_, at) => ["SET", `data:${number * 500 + at}`, value]);
    await filler.replies(commands);
  }
  filler.close();
  writers = spared.map((node) => new CountingWriter(`w${node}`, ring.ports[node] as number, 300));
  for (const writer of writers) writer.begin();
  return changeRing(ring, weightsOf(ring, 3, 1));
}

/** Waits until some slots have moved, and others are moving. */
async function untilInTheMiddle(): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const left = Number((await ring.info(3))?.get("cluster_slots_left_to_move"));
    return left > 0 && left < 3500;
  };
  await waitUntil(isThere, { what: "some slots to have moved", timeoutMs: 20_000, intervalMs: 2 });
}

async function expectAllThere(node: number): Promise<void> {
  await Promise.all(writers.map((writer) => writer.stop()));
  const connection = await ring.connect(node);
  for (const writer of writers) expect(await writer.problems(connection)).toEqual([]);
  let names = Array.from({ length: 10_000 }, (_, at) => `data:${at}`);
  // On a busy machine a node may stop answering for longer than its timeout: what it was asked is asked again.
  const isRead = async (): Promise<boolean> => {
    const lengths = await connection.replies(names.map((name) => ["STRLEN", name]));
    expect(lengths.filter(({ sign, text }) => sign !== "-" && text !== "500")).toEqual([]);
    names = names.filter((_, at) => lengths[at]?.sign === "-");
    return names.length === 0;
  };
  await waitUntil(isRead, { what: "all data to be read", timeoutMs: 20_000 });
  connection.close();
}

for (const [what, victimOf] of [
  ["source", async () => 1],
  ["target", async () => 0],
  ["leader", () => leaderOf(ring)],
] as const) {
  test(
    `a move goes on after kill -9 of its ${what}, and no acknowledged write is lost`,
    async () => {
      const version = await begin([2, 3]);
      await untilInTheMiddle();
      const victim = await victimOf();
      await ring.kill(victim, "SIGKILL");
      await untilMoved(ring, version, 40_000);
      const left = [0, 1, 2, 3].filter((node) => node !== victim);
      await expectAllThere(left[0] as number);
    },
    testTimeoutMs,
  );
}

test(
  "a move goes on after all nodes were killed and started again",
  async () => {
    const version = await begin([2, 3]);
    await untilInTheMiddle();
    await Promise.all([0, 1, 2, 3].map((node) => ring.kill(node, "SIGKILL")));
    await Promise.all([0, 1, 2, 3].map((node) => ring.startNode(node)));
    await untilMoved(ring, version, 40_000);
    await expectAllThere(0);
  },
  testTimeoutMs,
);

test(
  "slots that have not moved stay where they are after a cancel, with all keys",
  async () => {
    await begin([2, 3]);
    await untilInTheMiddle();
    const version = await changeRing(ring, ["CANCEL"]);
    await untilMoved(ring, version);
    const slots = (await (await ring.connect(0)).reply("CLUSTER", "SLOTS")).items ?? [];
    const counts = slots.map(({ items }) => Number(items?.[1]?.text) - Number(items?.[0]?.text) + 1);
    const ownedByFirst = counts[0] as number;
    expect(ownedByFirst).toBeGreaterThan(8192);
    expect(ownedByFirst).toBeLessThan(12_288);
    await expectAllThere(0);
  },
  testTimeoutMs,
);
