import { parseArgs } from "node:util";
import { runWalkRound } from "./walk-round.ts";

/**
 * `npm run walk:snapshots -- [--rounds N] [--snapshots N] [--seed S]`: random requests of several clients to large values
 * while snapshots and rewrites of the log run, compared with what redis-server loads. Each round has a new server and the
 * next seed. The seed decides what each client sends; the order of the clients is up to the system.
 */
const { values } = parseArgs({
  options: { rounds: { type: "string" }, snapshots: { type: "string" }, seed: { type: "string" } },
});
const rounds = wholeNumber("rounds", values.rounds ?? "20");
const snapshots = wholeNumber("snapshots", values.snapshots ?? "4");
const firstSeed = wholeNumber("seed", values.seed ?? `${Math.floor(Math.random() * 2 ** 32)}`);

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} is a whole number from 0 on, not '${text}'`);
  return Number(text);
}

let isSame = true;
for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
  const startMs = performance.now();
  const { requests, expired, evicted, differences } = await runWalkRound({ seed, snapshots });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const keys = `${expired} keys expired, ${evicted} were evicted`;
  console.log(`seed ${seed}: ${requests} requests, ${keys}, ${differences.length} differences; ${seconds} s`);
  for (const difference of differences.slice(0, 10)) console.log(`  ${difference}`);
  if (differences.length > 0) isSame = false;
}
process.exitCode = isSame ? 0 : 1;
