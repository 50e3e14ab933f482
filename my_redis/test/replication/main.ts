import { parseArgs } from "node:util";
import { pairs, ReplicatedPair } from "./workload.ts";

/**
 * `npm run replication -- [--workloads N] [--seed S]`: N random workloads for each pair of servers over a bad link, until
 * one ends with different data.
 */
const { values } = parseArgs({ options: { workloads: { type: "string" }, seed: { type: "string" } } });
const workloads = Number(values.workloads ?? "100");
const firstSeed = Number(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
if (!(workloads >= 1)) throw new Error(`--workloads is a number from 1 on, not '${values.workloads}'`);
if (!Number.isInteger(firstSeed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

for (const kinds of pairs) {
  const pair = await ReplicatedPair.start(kinds);
  for (let seed = firstSeed; seed < firstSeed + workloads; seed++) {
    try {
      await pair.run(seed);
    } catch (error) {
      console.error(
        `${kinds.join(" → ")}: seed ${seed} FAILED; again: npm run replication -- --workloads 1 --seed ${seed}`,
      );
      throw error;
    }
  }
  console.log(
    `${kinds.join(" → ")}: ${workloads} workloads from seed ${firstSeed} on, the same data at the end of each`,
  );
  await pair.close();
}
process.exit(0);
