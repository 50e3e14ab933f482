import { parseArgs } from "node:util";
import { runSchedules } from "../../../tools/simulation/run-schedules.ts";
import { mistakeNames } from "./mistakes.ts";
import { type ModeName, modeNames, modes } from "./modes.ts";
import { plantedSimulation } from "./planted-simulation.ts";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    mode: { type: "string" },
    mistake: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const mistake = mistakeNames.find((name) => name === values.mistake);
if (values.mistake !== undefined && mistake === undefined)
  throw new Error(`--mistake ${values.mistake} is unknown: ${mistakeNames.join("; ")}`);
const asked = modeNames.find((name) => name === values.mode);
if (values.mode !== undefined && asked === undefined)
  throw new Error(`--mode ${values.mode} is unknown: ${modeNames.join(", ")}`);

const run = mistake === undefined ? simulate : await plantedSimulation(mistake);
const onStep = values.trace ? { onStep: (step: string): void => console.log(step) } : {};
const results = (asked === undefined ? modeNames : [asked]).map((name: ModeName) => {
  console.log(`${name}:`);
  return runSchedules({
    first: Number(values.seed),
    count: values.trace ? 1 : Number(values.schedules),
    run: (seed) => run({ seed, mode: modes[name], ...onStep }),
  });
});
process.exitCode = results.every(Boolean) ? 0 : 1;
