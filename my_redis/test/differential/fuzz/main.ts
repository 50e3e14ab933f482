import { parseArgs } from "node:util";
import { FuzzPair, showSteps } from "./fuzz-pair.ts";

/**
 * `npm run fuzz:statistics -- [--commands N] [--seed S] [--failures F]`: runs generated sequences on MyRedis and on
 * redis-server until N commands have run or F sequences differed. Each sequence has the seed after that of the one
 * before. `--commands 1 --seed S` runs the sequence of S alone.
 */
const { values } = parseArgs({
  options: { commands: { type: "string" }, seed: { type: "string" }, failures: { type: "string" } },
});
const commands = whole("commands", values.commands ?? "20000");
const failures = whole("failures", values.failures ?? "1");
const firstSeed = whole("seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
/** Seconds between two lines about the progress. */
const reportSeconds = 10;

function whole(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} is a whole number from 0 on, not '${text}'`);
  return number;
}

const pair = await FuzzPair.start();
const startMs = performance.now();
let reportedMs = startMs;
let seed = firstSeed;
let failed = 0;
/** Sequences that differed only once. */
let unrepeated = 0;
const progress = (): string => {
  const seconds = (performance.now() - startMs) / 1000;
  return `${pair.requests} commands in ${seconds.toFixed(0)} s (${(pair.requests / seconds).toFixed(0)} a second), seeds ${firstSeed} to ${seed - 1}`;
};

while (pair.requests < commands && failed < failures) {
  const failure = await pair.runSeed(seed);
  if (failure?.repeats === false) {
    unrepeated++;
    console.log(`seed ${seed} differed once, and not when it was run again: ${failure.difference}`);
  } else if (failure !== undefined) {
    failed++;
    console.log(`seed ${seed} DIFFERS; again with: npm run fuzz:statistics -- --commands 1 --seed ${seed}`);
    console.log(`${showSteps(failure.steps)}\n${failure.difference}`);
  }
  seed++;
  if (performance.now() - reportedMs < reportSeconds * 1000) continue;
  reportedMs = performance.now();
  console.log(progress());
}
console.log(`${progress()}: ${failed} sequences differed, ${unrepeated} more only once`);
await pair.close();
process.exit(failed === 0 ? 0 : 1);
