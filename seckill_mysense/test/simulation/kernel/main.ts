import { parseArgs } from "node:util";
import { flaws, type Flaw } from "./flaws.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    flaw: { type: "string" },
    crowded: { type: "boolean", default: false },
    bundled: { type: "boolean", default: false },
    changing: { type: "boolean", default: false },
    draining: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});

const first = Number(values.seed);
const schedules = values.trace ? 1 : Number(values.schedules);
const flaw = flaws.find((name) => name === values.flaw);
if (values.flaw !== undefined && flaw === undefined)
  throw new Error(`--flaw ${values.flaw} is unknown: ${flaws.join("; ")}`);

const startedAt = performance.now();
let failed = 0;
for (let seed = first; seed < first + schedules; seed++) {
  const problems = run(seed, flaw);
  if (problems.length === 0) continue;
  failed++;
  console.log(`seed ${seed}: ${problems.join("\n  ")}`);
  if (failed >= 5) break;
}
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  `${schedules} schedules from seed ${first}: ${failed} failed; ${(schedules / seconds).toFixed(0)} per second`,
);
process.exitCode = failed === 0 ? 0 : 1;

function run(seed: number, flaw: Flaw | undefined): readonly string[] {
  return simulate({
    seed,
    flaw,
    crowded: values.crowded,
    bundled: values.bundled,
    changing: values.changing,
    draining: values.draining,
    ...(values.trace && { onStep: (step: string) => console.log(step) }),
  });
}
