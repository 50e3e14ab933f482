import { parseArgs } from "node:util";
import { RestartedPair } from "./restarted-pair.ts";
import { pairs, ReplicatedPair } from "./workload.ts";

/**
 * `npm run replication -- [--workloads N] [--restarts N] [--seed S]`: N random workloads for each pair of servers over a
 * bad link, and N with servers that start again (a tenth as many unless given), until one ends with different data.
 */
const { values } = parseArgs({
  options: { workloads: { type: "string" }, restarts: { type: "string" }, seed: { type: "string" } },
});
const workloads = Number(values.workloads ?? "100");
const firstSeed = Number(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
if (!(workloads >= 1)) throw new Error(`--workloads is a number from 1 on, not '${values.workloads}'`);
if (!Number.isInteger(firstSeed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

const restarts = Number(values.restarts ?? String(Math.ceil(workloads / 10)));
if (!(restarts >= 0)) throw new Error(`--restarts is a number from 0 on, not '${values.restarts}'`);

interface Pair {
  run(seed: number): Promise<void>;
  close(): Promise<void>;
}

async function runAll(
  name: string,
  { pair, count, again }: { pair: Pair; count: number; again: string },
): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      await pair.run(seed);
    } catch (error) {
      console.error(`${name}: seed ${seed} FAILED; again: npm run replication -- ${again} --seed ${seed}`);
      throw error;
    }
  }
  console.log(`${name}: ${count} workloads from seed ${firstSeed} on, the same data at the end of each`);
  await pair.close();
}

for (const kinds of pairs) {
  const name = kinds.join(" → ");
  const overLink = { count: workloads, again: "--workloads 1 --restarts 0" };
  await runAll(`${name} over a bad link`, { ...overLink, pair: await ReplicatedPair.start(kinds) });
  const restarting = { count: restarts, again: "--workloads 1 --restarts 1" };
  await runAll(`${name} with restarts`, { ...restarting, pair: await RestartedPair.start(kinds) });
}
process.exit(0);
