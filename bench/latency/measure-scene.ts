import type { OpenLoopFigures } from "../open-loop/load.ts";
import { loadCores, type Peer, startPeer } from "../redis/peers.ts";
import type { LoadTask } from "./load-process.ts";
import type { Scene } from "./scenes.ts";

const saturateMs = 1500;
const taskTimeoutMs = 60_000;

/** What a server of this kind answers per second at most. */
export async function saturationOf(name: Peer["name"], appendonly: boolean): Promise<number> {
  const { rate } = await onFreshServer<{ rate: number }>(name, appendonly, (port) => ({
    kind: "saturate",
    port,
    forMs: saturateMs,
  }));
  return rate;
}

/** One scene on a fresh server, while it gets `rate` requests per second. */
export const measureScene = (name: Peer["name"], scene: Scene, rate: number): Promise<OpenLoopFigures> =>
  onFreshServer(name, scene.appendonly, (port) => ({ kind: "scene", port, scene: scene.name, rate }));

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the task decides what the process prints
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
