import type { OpenLoopFigures } from "../open-loop/load.ts";
import { loadCores, type Peer, startPeer } from "../redis/peers.ts";
import type { LoadTask } from "./load-process.ts";
import type { Scene } from "./scenes.ts";

const saturateMs = 1500;
const taskTimeoutMs = 60_000;
/** The load is undisturbed when 99 of 100 requests were sent within this time. */
const maxLagMs = 0.3;
const maxRuns = 4;

/** What a server of this kind answers per second at most. */
export async function saturationOf(name: Peer["name"], appendonly: boolean): Promise<number> {
  const { rate } = await onFreshServer<{ rate: number }>(name, appendonly, (port) => ({
    kind: "saturate",
    port,
    forMs: saturateMs,
  }));
  return rate;
}

/**
 * One scene on a fresh server, while it gets `rate` requests per second. When the load itself was late, another program
 * had its core: then the run is repeated, and the least disturbed one counts.
 */
export async function measureScene(name: Peer["name"], scene: Scene, rate: number): Promise<OpenLoopFigures> {
  let best: OpenLoopFigures | undefined;
  for (let runs = 0; runs < maxRuns && (best?.lagMs.p99 ?? Number.POSITIVE_INFINITY) > maxLagMs; runs++) {
    const run = await onFreshServer<OpenLoopFigures>(name, scene.appendonly, (port) => ({
      kind: "scene",
      port,
      scene: scene.name,
      rate,
    }));
    if (best === undefined || run.lagMs.p99 < best.lagMs.p99) best = run;
  }
  return best as OpenLoopFigures;
}

async function onFreshServer<Figures>(
  name: Peer["name"],
  appendonly: boolean,
  task: (port: number) => LoadTask,
): Promise<Figures> {
  const peer = await startPeer(name, appendonly);
  try {
    const program = [process.execPath, `${import.meta.dirname}/load-process.ts`];
    const child = Bun.spawn(["taskset", "-c", loadCores, ...program, JSON.stringify(task(peer.port))], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: taskTimeoutMs,
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the load of ${name} failed: ${text}`);
    return JSON.parse(text) as Figures;
  } finally {
    await peer.stop();
  }
}
