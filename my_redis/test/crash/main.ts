import { parseArgs } from "node:util";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { CrashRounds } from "./crash-rounds.ts";

/**
 * `npm run crash -- [--rounds N] [--seed S]`: kills a server under mixed load again and again, and compares its data with
 * what was acknowledged, and with what redis-server loads from the same files. The seed decides about the policy, the
 * moment and the disturbance; the order of the clients is up to the system.
 */
const roundsInFolder = 20;

const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" } } });
const rounds = Number(values.rounds ?? "200");
const seed = Number(values.seed ?? `${Math.floor(Math.random() * 2 ** 32)}`);
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`--rounds is a whole number from 1 on, not '${values.rounds}'`);
}
if (!Number.isInteger(seed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

const random = new SeededRandom(seed);
const startMs = performance.now();
let crashes = new CrashRounds();
for (let round = 1; round <= rounds; round++) {
  const differences = await crashes.run({ random, comparesWithRedis: round % 5 === 0 });
  if (differences.length > 0) {
    throw new Error(`round ${round} of seed ${seed}: ${differences.join("; ")}`);
  }
  if (round % roundsInFolder !== 0 && round < rounds) continue;
  await crashes.end();
  crashes = new CrashRounds();
  console.log(`seed ${seed}: ${round} rounds in ${((performance.now() - startMs) / 1000).toFixed(1)} s, nothing lost`);
}
