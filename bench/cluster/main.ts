/**
 * A ring of nodes: what relaying costs, and two nodes beside one.
 *
 *   npm run bench:cluster -- [--rounds 5] [--requests 100000] [--connections 50] [--pipeline 1,16] [--no-save]
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import { measureRelaying } from "./relaying.ts";
import { measureScaling } from "./scaling.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "100000" },
    connections: { type: "string", default: "50" },
    pipeline: { type: "string", default: "1,16" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const plan = {
  rounds: Number(options.rounds),
  requests: Number(options.requests),
  connections: Number(options.connections),
  pipelines: options.pipeline.split(",").map(Number),
};
const whole = (value: number): string => Math.round(value).toLocaleString("en");

const relaying = await measureRelaying(plan);
console.log(
  textTable([
    ["command", "pipeline", "local us", "relayed us", "CPU ratio", "local/s", "relayed/s"],
    ...relaying.map((row) => [
      row.command,
      `${row.pipeline}`,
      row.localMicroseconds.toFixed(2),
      row.relayedMicroseconds.toFixed(2),
      row.cpuRatio.toFixed(2),
      whole(row.localPerSecond),
      whole(row.relayedPerSecond),
    ]),
  ]),
);
console.log("us: CPU microseconds per request, both nodes together.\n");

const scaling = await measureScaling(plan);
console.log(
  textTable([
    ["command", "pipeline", "one node/s", "two nodes/s", "ratio", "one us", "two us", "one busy", "two busy"],
    ...scaling.map((row) => [
      row.command,
      `${row.pipeline}`,
      whole(row.onePerSecond),
      whole(row.twoPerSecond),
      row.ratio.toFixed(2),
      row.oneMicroseconds.toFixed(2),
      row.twoMicroseconds.toFixed(2),
      row.oneBusy.toFixed(2),
      row.twoBusy.toFixed(2),
    ]),
  ]),
);
console.log("busy: cores that the nodes used; well below 1 and 2 the client was the slower side.");
if (options.save) console.log(`kept in ${keepResults("cluster", measuredOn(), { plan, relaying, scaling })}`);
