/**
 * What MyRedis and redis-server do when they get once, twice and three times what they can answer.
 *
 *   npm run bench:overload -- [--no-save]
 *
 * The peak of each server is measured first, with one outstanding request on each of 50 connections. An administrator
 * asks meanwhile: of MyRedis at its administration port. Each run is a fresh process on a core of its own. The results
 * are kept in bench/results/.
 */
import { parseArgs } from "node:util";
import { freePort } from "../../tools/test-services/index.ts";
import { joinResults, measuredOn, residentBytes, textTable } from "../measure.ts";
import { loadCores, ownCheckout, type Peer, startPeer } from "../redis/peers.ts";
import type { OverloadRun, OverloadTask } from "./load-process.ts";
import type { OverloadRow } from "./overload-row.ts";

const { values: options } = parseArgs({
  options: { save: { type: "boolean", default: true } },
  allowNegative: true,
});
const multiples = [1, 2, 3];
const taskTimeoutMs = 60_000;

async function measure(server: Peer["name"], scene: string, rate: number | undefined): Promise<OverloadRow> {
  const adminPort = await freePort();
  const isMine = server === "MyRedis";
  const peer = await startPeer(server, false, ownCheckout, isMine ? ["--admin-port", `${adminPort}`] : []);
  try {
    const task: OverloadTask = { port: peer.port, adminPort: isMine ? adminPort : peer.port, rate };
    const program = [process.execPath, `${import.meta.dirname}/load-process.ts`, JSON.stringify(task)];
    const child = Bun.spawn(["taskset", "-c", loadCores, ...program], {
      stdout: "pipe",
      stderr: "inherit",
      timeout: taskTimeoutMs,
    });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the load of ${server} failed: ${text}`);
    const run = JSON.parse(text) as OverloadRun;
    return { scene, server, offered: rate, run, residentBytes: residentBytes(peer.pid) };
  } finally {
    await peer.stop();
  }
}

const servers = ["redis-server", "MyRedis"] as const;
const rows: OverloadRow[] = [];
for (const server of servers) {
  const peak = await measure(server, `${server}: peak`, undefined);
  rows.push(peak);
  for (const multiple of multiples) {
    const rate = Math.floor(peak.run.answeredPerSecond * multiple);
    rows.push(await measure(server, `${server}: ${multiple} times the peak`, rate));
  }
}
const cells = rows.map(({ scene, offered, run, residentBytes: resident }) => [
  scene,
  offered === undefined ? "" : `${offered}`,
  run.answeredPerSecond.toFixed(0),
  `${run.errors}`,
  ...(["p50", "p99", "max"] as const).map((name) => (offered === undefined ? "" : run.adminMs[name].toFixed(1))),
  (resident / 1e6).toFixed(0),
]);
const heading = ["", "offered/s", "answered/s", "errors", "administrator p50 ms", "p99", "max", "resident MB"];
console.log(textTable([heading, ...cells]));
if (options.save) console.log(`kept in ${joinResults("overload", measuredOn(), rows)}`);
