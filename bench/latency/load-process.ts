/**
 * The load in a process of its own, which has a core for itself: `bun bench/latency/load-process.ts <LoadTask as JSON>`.
 * Prints its figures as JSON.
 */
import { Load, type OpenLoopFigures } from "../open-loop/load.ts";
import { fillRequests } from "../open-loop/request-mix.ts";
import { selectScenes } from "./scenes.ts";

export type LoadTask =
  | { readonly kind: "saturate"; readonly port: number; readonly forMs: number }
  | { readonly kind: "scene"; readonly port: number; readonly scene: string; readonly rate: number };

const connections = 50;
/** A server runs at the measured rate for so long before it is measured: the just-in-time compiler has then finished. */
const warmMs = 2500;
const leastMs = 3000;
const mostMs = 20_000;

function run(task: LoadTask): { rate: number } | OpenLoopFigures {
  const load = new Load({ port: task.port, connections, seed: 1, kind: "light" });
  load.alone((side) => side.askAll(fillRequests()));
  if (task.kind === "saturate") {
    load.saturate(warmMs, 1);
    return { rate: load.saturate(task.forMs, 1) };
  }
  const [scene] = selectScenes([task.scene]);
  const { prepare, work } = scene as NonNullable<typeof scene>;
  if (prepare !== undefined) load.alone(prepare);
  return load.run({ rate: task.rate, warmMs, leastMs, mostMs, steps: work });
}

console.log(JSON.stringify(run(JSON.parse(process.argv[2] ?? "") as LoadTask)));
process.exit();
