/**
 * How long keys are not served after the primary of their place was killed, on a ring of three places with a replica
 * each; how often a place moves without need while nodes are paused for 300 ms; and how often while other processes keep
 * all cores busy.
 *
 *   npm run bench:failover -- [--kills 5] [--pauses 5] [--busy 8] [--busy-seconds 20] [--timeout 500]
 *     [--acknowledgement replica] [--no-save]
 *
 * A client writes to a key of that place through another node, one request after the other. The time runs from the kill to
 * the first write that is answered with OK.
 */
import { parseArgs } from "node:util";
import { startProcess } from "../../tools/test-services/index.ts";
import { RespConnection } from "../../my_redis/test/differential/harness/resp-connection.ts";
import type { FailoverResults } from "./failover-results.ts";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import { probePauseMs, seats, startProbedRing, waitsOf } from "./probed-ring.ts";

const { values: options } = parseArgs({
  options: {
    kills: { type: "string", default: "5" },
    pauses: { type: "string", default: "5" },
    busy: { type: "string", default: "8" },
    "busy-seconds": { type: "string", default: "20" },
    timeout: { type: "string", default: "500" },
    acknowledgement: { type: "string", default: "replica" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [kills, pauses, timeoutMs, busy, busySeconds] = (
  ["kills", "pauses", "timeout", "busy", "busy-seconds"] as const
).map((name) => Number(options[name])) as [number, number, number, number, number];
const pauseMs = 300;

const { ring, keys } = await startProbedRing(timeoutMs, options.acknowledgement);

async function otherThan(node: number): Promise<RespConnection> {
  return ring.connect((node + 1) % ring.ports.length);
}

/** Milliseconds until a write is answered with OK. */
async function untilServed(client: RespConnection, key: string): Promise<number> {
  const startedMs = performance.now();
  while ((await client.reply("SET", key, "value")).text !== "OK") await Bun.sleep(probePauseMs);
  return performance.now() - startedMs;
}

async function killOnce(seat: number): Promise<number> {
  await ring.untilInSync(seat);
  const primary = (await ring.primaryOf(seat)) as number;
  const client = await otherThan(primary);
  const key = keys[seat] as string;
  await untilServed(client, key);
  await ring.kill(primary, "SIGKILL");
  const servedMs = await untilServed(client, key);
  client.close();
  await ring.startNode(primary);
  return servedMs;
}

/** Pauses a node, and says whether its place has another primary then. */
async function pauseOnce(seat: number): Promise<boolean> {
  await ring.untilInSync(seat);
  const primary = (await ring.primaryOf(seat)) as number;
  const before = (await ring.info(primary))?.get("cluster_seat_epoch");
  await ring.kill(primary, "SIGSTOP");
  await Bun.sleep(pauseMs);
  await ring.kill(primary, "SIGCONT");
  const client = await otherThan(primary);
  await untilServed(client, keys[seat] as string);
  client.close();
  const now = (await ring.primaryOf(seat)) ?? primary;
  return (await ring.info(now))?.get("cluster_seat_epoch") !== before;
}

const epochs = async (): Promise<readonly (string | undefined)[]> =>
  Promise.all(
    Array.from({ length: seats }, async (_, seat) => {
      const primary = (await ring.primaryOf(seat)) ?? seat;
      return (await ring.info(primary))?.get("cluster_seat_epoch");
    }),
  );

/** Writes to all places while other processes take what they can get of the processor. How many places have moved then. */
async function keepBusy(): Promise<number> {
  for (let seat = 0; seat < seats; seat++) await ring.untilInSync(seat);
  const before = await epochs();
  const loop = [process.execPath, "-e", "for (;;);"] as const;
  const loops = await Promise.all(Array.from({ length: busy }, async () => startProcess({ cmd: loop })));
  const client = await ring.connect(0);
  for (const endsAtMs = performance.now() + busySeconds * 1000; performance.now() < endsAtMs;) {
    for (const key of keys) await client.reply("SET", key, "value");
    await Bun.sleep(probePauseMs);
  }
  client.close();
  for (const each of loops) await each.stop({ timeoutMs: 0 });
  for (const key of keys) await untilServed(await ring.connect(0), key);
  const after = await epochs();
  return after.filter((epoch, seat) => epoch !== before[seat]).length;
}

const times: number[] = [];
for (let run = 0; run < kills; run++) times.push(await killOnce(run % seats));
let moved = 0;
for (let run = 0; run < pauses; run++) if (await pauseOnce(run % seats)) moved++;
const movedByBusy = busy > 0 ? await keepBusy() : 0;
await ring.stop();

const figures: FailoverResults = {
  timeoutMs,
  acknowledgement: options.acknowledgement,
  kills,
  servedAfterMs: waitsOf(times),
  pauses,
  movedByPauses: moved,
  ...(busy > 0 ? { busy: { processes: busy, seconds: busySeconds, moved: movedByBusy } } : {}),
};
console.log(
  textTable([
    ["", "value"],
    ["node timeout, ms", `${timeoutMs}`],
    [`served again after a kill, ms, p50 of ${kills}`, figures.servedAfterMs.p50.toFixed(0)],
    ["p99", figures.servedAfterMs.p99.toFixed(0)],
    [`places moved by ${pauses} pauses of ${pauseMs} ms`, `${moved}`],
    [`places moved in ${busySeconds} s beside ${busy} busy processes`, `${movedByBusy}`],
  ]),
);
if (options.save) console.log(keepResults("failover", measuredOn(), figures));
