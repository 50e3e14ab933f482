import { parseArgs } from "node:util";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import type { CallGroup, Fault } from "./fault-injector.ts";
import { actions, type FaultPlan, runFaultRound } from "./fault-round.ts";

/**
 * `npm run storage-faults -- [--rounds N] [--seed S]`: rounds with random faults of the storage under a server. A failed
 * round is repeated with its seed and `--rounds 1`.
 */
const errors: Readonly<Record<CallGroup, readonly string[]>> = {
  write: ["EIO", "ENOSPC", "EDQUOT"],
  sync: ["EIO", "ENOSPC"],
  rename: ["EIO", "ENOSPC", "EROFS"],
  open: ["EIO", "EMFILE", "ENOSPC", "EACCES"],
  truncate: ["EIO"],
  remove: ["EIO", "EROFS"],
  close: ["EIO"],
};
const moments = ["1", "1", "2", "3", "4", "1+", "2+", "1+2", "2+3"];

/** The calls that matter most come most often. */
const usualCalls: readonly CallGroup[] = [
  ...(Object.keys(errors) as CallGroup[]),
  ...(["write", "sync", "rename", "open", "write", "sync"] as const),
];

function randomFault(random: SeededRandom): Fault {
  const calls = random.pick(usualCalls);
  return { calls, effect: random.pick(errors[calls]), when: random.pick(moments) };
}

function randomPlan(random: SeededRandom): FaultPlan {
  const first = randomFault(random);
  const second = randomFault(random);
  const action = random.pick(actions);
  const isWriting = action === "write" || action === "rewrite";
  return {
    faults: random.oneIn(3) && second.calls !== first.calls ? [first, second] : [first],
    action,
    policy: random.pick(["always", "everysec", "no"] as const),
    shortWriteBytes: isWriting && random.oneIn(3) ? random.below(400) : undefined,
  };
}

const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" } } });
const rounds = Number(values.rounds ?? "20");
const firstSeed = Number(values.seed ?? `${Math.floor(Math.random() * 2 ** 32)}`);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds is a whole number from 1 on, not '${values.rounds}'`);
if (!Number.isInteger(firstSeed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

for (let round = 0; round < rounds; round++) {
  const seed = (firstSeed + round) >>> 0;
  const plan = randomPlan(new SeededRandom(seed));
  try {
    const { injected, refusals, refusesUntilRestart } = await runFaultRound(plan);
    const refused = [...refusals].map(([word, count]) => `${count} ${word}`).join(", ");
    const policy = refusesUntilRestart ? "; writes refused until restart" : "";
    console.log(
      `seed ${seed}: ${JSON.stringify(plan)}: ${injected} calls failed; refused: ${refused || "none"}${policy}`,
    );
  } catch (error) {
    console.error(
      `seed ${seed} FAILED: ${JSON.stringify(plan)}; again: npm run storage-faults -- --rounds 1 --seed ${seed}`,
    );
    throw error;
  }
}
