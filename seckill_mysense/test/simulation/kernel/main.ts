import { parseArgs } from "node:util";
import { runSchedules } from "../../../../tools/simulation/run-schedules.ts";
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

const hold = runSchedules({ first, count: schedules, run: (seed) => run(seed, flaw) });
process.exitCode = hold ? 0 : 1;

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
