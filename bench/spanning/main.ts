/**
 * What a write of keys on two nodes costs, beside one of keys on one node: CPU time of both nodes together, on a ring with
 * fixed members and on one that agrees on them.
 *
 *   npm run bench:spanning -- [--rounds 5] [--requests 30000] [--connections 20] [--no-save]
 *
 * Each node has a log, which is synced every second. Keys are random among 100,000 of each node, values have 32 bytes.
 */
import { parseArgs } from "node:util";
import { hashSlot } from "../../my_redis/src/cluster/hash-slot.ts";
import { AgreedRing } from "../../my_redis/test/cluster/failover/agreed-ring.ts";
import { runLoad } from "../cluster/load.ts";
import { keepResults, measuredOn, median, textTable } from "../measure.ts";
import type { SpanningResults, SpanningRow } from "./spanning-results.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "30000" },
    connections: { type: "string", default: "20" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [rounds, requests, connections] = (["rounds", "requests", "connections"] as const).map((name) =>
  Number(options[name]),
) as [number, number, number];
const nodes = 2;
const value = "x".repeat(32);

/** For each node, random keys of one of its slots. */
async function keysOf(ring: AgreedRing): Promise<string[]> {
  const client = await ring.connect(0);
  const { items } = await client.reply("CLUSTER", "SLOTS");
  client.close();
  const spans = (items ?? []).map(({ items: span }) => ({
    ...{ start: Number(span?.[0]?.text), end: Number(span?.[1]?.text) },
    node: ring.ports.indexOf(Number(span?.[2]?.items?.[1]?.text)),
  }));
  return Array.from({ length: nodes }, (_, node) => {
    for (let number = 0; ; number++) {
      const key = `{tag${number}}__rand_int__`;
      const slot = hashSlot(Buffer.from(key), 0, key.length);
      if (spans.some(({ start, end, node: owner }) => owner === node && start <= slot && slot <= end)) return key;
    }
  });
}

async function measure(members: SpanningRow["members"]): Promise<SpanningRow> {
  const ring = await AgreedRing.start(nodes, 0, { "cluster-node-timeout": "2000" }, { "cluster-members": members });
  try {
    const [own, other] = (await keysOf(ring)) as [string, string];
    const commands = {
      set: ["SET", own, value],
      together: ["MSET", own, value, own, value],
      across: ["MSET", own, value, other, value],
    };
    const found = { set: [] as number[], together: [] as number[], across: [] as number[] };
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const name of ["set", "together", "across"] as const) {
        const { microseconds } = await runLoad({
          ...{ port: ring.ports[0] as number, pids: ring.processes.map((each) => each?.process.pid as number) },
          ...{ command: commands[name], requests, connections, pipeline: 1, clientCores: [0], cluster: false },
        });
        if (round > 0) found[name].push(microseconds);
      }
    }
    return {
      members,
      setMicroseconds: median(found.set),
      togetherMicroseconds: median(found.together),
      acrossMicroseconds: median(found.across),
    };
  } finally {
    await ring.stop();
  }
}

const rows = [await measure("fixed"), await measure("agreed")];
console.log(
  textTable([
    ["members", "SET us", "MSET of one node us", "MSET of two nodes us"],
    ...rows.map((row) => [
      row.members,
      ...[row.setMicroseconds, row.togetherMicroseconds, row.acrossMicroseconds].map((figure) => figure.toFixed(1)),
    ]),
  ]),
);
console.log("us: CPU microseconds for each command, both nodes together.");
const results: SpanningResults = { rounds, requests, connections, rows };
if (options.save) console.log(`kept in ${keepResults("spanning", measuredOn(), results)}`);
