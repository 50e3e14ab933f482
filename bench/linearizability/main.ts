/**
 * How long the linearizability checker takes for large histories of 100 clients, on Bun.
 *
 *   npm run bench:linearizability -- [--only counter] [--operations 1000000] [--rounds 3] [--no-save]
 *
 * Prints medians of CPU and wall time, without making the history, and how much memory the process had at most. There is no
 * peer: other checkers run on other machines' runtimes. A run over all scenes is kept in bench/results/.
 */
import { parseArgs } from "node:util";
import { check } from "../../linearizability/index.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { keepResults, measuredOn, median, residentBytes, textTable } from "../measure.ts";
import { historyOf, scenes } from "./histories.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    operations: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [operations, rounds] = (["operations", "rounds"] as const).map((name) => {
  const value = Number(options[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} ${options[name]}: a whole number from 1 on`);
  return value;
}) as [number, number];
const chosen = scenes.filter(({ scene }) => scene.includes(options.only));
if (chosen.length === 0) {
  throw new Error(`--only ${options.only}: no such scene; there are ${scenes.map(({ scene }) => scene).join("; ")}`);
}

const rows = chosen.map((scene, index) => {
  const history = historyOf(scene, operations, new SeededRandom(index + 1));
  const expected = scene.isViolation === true ? "violation" : "ok";
  const times = Array.from({ length: rounds }, () => {
    Bun.gc(true);
    const [startedMs, started] = [performance.now(), process.cpuUsage()];
    const { verdict } = check(history, { model: scene.model(), timeLimitMs: 120_000 });
    const { user, system } = process.cpuUsage(started);
    if (verdict !== expected) throw new Error(`${scene.scene}: the verdict is ${verdict}; it must be ${expected}`);
    return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  });
  const row = {
    scene: scene.scene,
    verdict: expected,
    wallMs: median(times.map(({ wallMs }) => wallMs)),
    cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
    residentMegabytes: residentBytes(process.pid) / 1e6,
  };
  console.log(`${row.scene}: ${row.verdict} in ${row.cpuMs.toFixed(0)} ms CPU`);
  return row;
});

const cells = rows.map((row) => [
  row.scene,
  row.verdict,
  row.cpuMs.toFixed(0),
  row.wallMs.toFixed(0),
  row.residentMegabytes.toFixed(0),
]);
console.log(`\n${textTable([[`${operations} operations`, "verdict", "CPU ms", "wall ms", "resident MB"], ...cells])}`);
if (options.save && options.only === "") {
  console.log(`kept in ${keepResults("linearizability", measuredOn(), { operations, rounds, rows })}`);
}
