import { parseArgs } from "node:util";
import { modes, modeNames, type ModeName } from "./modes.ts";
import { simulate } from "./simulation.ts";
const { values } = parseArgs({ options: { schedules: { type: "string", default: "1000" }, seed: { type: "string", default: "1" }, mode: { type: "string" }, trace: { type: "boolean", default: false } } });
const first = Number(values.seed), n = values.trace ? 1 : Number(values.schedules);
for (const name of values.mode ? [values.mode as ModeName] : modeNames) {
  const t = performance.now(); let failed = 0;
  for (let seed = first; seed < first + n; seed++) {
    const problems = simulate({ seed, mode: modes[name], ...(values.trace && { onStep: (s: string) => console.log(s) }) });
    if (problems.length > 0) { failed++; if (failed <= 5) console.log(name, "seed", seed, problems.join("; ").slice(0, 300)); if (failed > 20) break; }
  }
  console.log(name, "failed", failed, (n / (performance.now() - t) * 1000).toFixed(0), "per second");
}
