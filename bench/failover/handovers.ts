/**
 * How long clients wait while the primary of a place hands over on purpose (CLUSTER FAILOVER), on a ring of three places
 * with a replica each.
 *
 *   npm run bench:handover -- [--handovers 5] [--timeout 500] [--acknowledgement replica] [--no-save]
 *
 * A client at each of the six nodes writes to a key of that place, one request after the other. Every write must be answered
 * with OK. The time of a hand-over is the longest that one of the clients had to wait for a reply.
 */
import { parseArgs } from "node:util";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import type { HandoverResults } from "./handover-results.ts";
import { probePauseMs, seats, startProbedRing, waitsOf } from "./probed-ring.ts";

const { values: options } = parseArgs({
  options: {
    handovers: { type: "string", default: "5" },
    timeout: { type: "string", default: "500" },
    acknowledgement: { type: "string", default: "replica" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [handovers, timeoutMs] = [Number(options.handovers), Number(options.timeout)];
/** Clients write for so long before and after a hand-over. */
const settledMs = 200;

const { ring, keys } = await startProbedRing(timeoutMs, options.acknowledgement);

/** Has the replica of a place take over while clients write. The longest wait of a client for one reply. */
async function handOverOnce(seat: number): Promise<number> {
  await ring.untilInSync(seat);
  const former = (await ring.primaryOf(seat)) as number;
  const replica = (former + seats) % ring.ports.length;
  const clients = await Promise.all(ring.ports.map((_, node) => ring.connect(node)));
  let isOver = false;
  let longestMs = 0;
  const writing = clients.map(async (client) => {
    while (!isOver) {
      const startedMs = performance.now();
      const { text } = await client.reply("SET", keys[seat] as string, "value");
      if (text !== "OK") throw new Error(`a write while place ${seat} was handed over was answered with ${text}`);
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      await Bun.sleep(probePauseMs);
    }
    client.close();
  });
  await Bun.sleep(settledMs);
  longestMs = 0;
  const operator = await ring.connect(replica);
  const { sign, text } = await operator.reply("CLUSTER", "FAILOVER");
  if (sign === "-") throw new Error(`the hand-over of place ${seat} was refused: ${text}`);
  operator.close();
  await ring.untilMoved(seat, former);
  await Bun.sleep(settledMs);
  isOver = true;
  await Promise.all(writing);
  return longestMs;
}

const times: number[] = [];
for (let run = 0; run < handovers; run++) times.push(await handOverOnce(run % seats));
await ring.stop();

const longestWaitMs = waitsOf(times);
const figures: HandoverResults = { timeoutMs, acknowledgement: options.acknowledgement, handovers, longestWaitMs };
console.log(
  textTable([
    ["", "value"],
    ["node timeout, ms", `${timeoutMs}`],
    [`longest wait of a client while a place is handed over, ms, p50 of ${handovers}`, longestWaitMs.p50.toFixed(0)],
    ["p99", longestWaitMs.p99.toFixed(0)],
    ["longest", longestWaitMs.longest.toFixed(0)],
  ]),
);
if (options.save) console.log(keepResults("handover", measuredOn(), figures));
