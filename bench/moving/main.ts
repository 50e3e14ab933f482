/**
 * What clients see while a fourth node joins a ring of three, and while it leaves again: how long it takes, errors, and
 * the latency beside that of the same ring before.
 *
 *   npm run bench:moving -- [--keys 300000] [--rate 2000] [--connections 8] [--clients plain,cluster] [--before 10]
 *     [--warm 3] [--rounds 3] [--no-save]
 *
 * A short run: --clients plain --before 3 --warm 1 --rounds 1 --no-save.
 *
 * Requests are sent at even intervals, GET and SET in turns, with values of 100 bytes, over so many connections to each of
 * the three nodes. Plain clients ask any node, which relays the request. Clients for Redis Cluster ask the owner, and
 * follow MOVED. The time of a request runs from the moment at which it was to be sent.
 */
import { parseArgs } from "node:util";
import { slotCount } from "hash-ring";
import { AgreedRing } from "../../my_redis/test/cluster/failover/agreed-ring.ts";
import { waitUntil } from "../../tools/test-services/index.ts";
import { keepResults, measuredOn, textTable } from "../measure.ts";
import type { ChangeFigures, MovingResults, MovingRow } from "./moving-results.ts";
import { type ClientKind, type LoadFigures, RingLoad } from "./ring-load.ts";

const { values: options } = parseArgs({
  options: {
    keys: { type: "string", default: "300000" },
    rate: { type: "string", default: "2000" },
    connections: { type: "string", default: "8" },
    clients: { type: "string", default: "plain,cluster" },
    before: { type: "string", default: "10" },
    warm: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    save: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [keys, perSecond, connections, beforeSeconds, warmSeconds, rounds] = (
  ["keys", "rate", "connections", "before", "warm", "rounds"] as const
).map((name) => Number(options[name])) as [number, number, number, number, number, number];
const kinds = options.clients.split(",") as ClientKind[];
const seats = 3;
const warmMs = warmSeconds * 1000;
/** Each look asks all nodes over new connections, which takes time of the nodes and of the load. */
const lookMs = 100;
const changeTimeoutMs = 120_000;
const routingOf = { plain: "relay", cluster: "redirect" } as const satisfies Record<ClientKind, string>;

async function isRemoving(ring: AgreedRing, node: number): Promise<boolean> {
  return !(await ring.ask(node, "INFO", "cluster")).includes("cluster_removing_moved_keys:0");
}

/** Waits until the ring has so many places, and nothing is left to be done. */
async function untilDone(ring: AgreedRing, places: number, nodes: readonly number[]): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    const status = await ring.status(0);
    if (status?.isSettled !== true || status.seats.length !== places) return false;
    return !(await Promise.all(nodes.map((node) => isRemoving(ring, node)))).includes(true);
  };
  await waitUntil(isDone, { what: `a settled ring of ${places}`, timeoutMs: changeTimeoutMs, intervalMs: lookMs });
}

async function measure(kind: ClientKind): Promise<MovingRow> {
  const ring = await AgreedRing.start(seats, 1, {
    "cluster-node-timeout": "2000",
    "cluster-routing": routingOf[kind],
  });
  const load = new RingLoad({ kind, ports: ring.ports.slice(0, seats), connections, keys, seed: 1 });
  const change = async (words: [string, ...string[]], places: number, nodes: readonly number[]) => {
    const done = (async (): Promise<void> => {
      const answer = await ring.ask(0, ...words);
      if (answer.startsWith("error")) throw new Error(answer);
      await untilDone(ring, places, nodes);
    })();
    const figures = await load.run(perSecond, done);
    return { seconds: figures.seconds, slots: Math.floor(slotCount / (seats + 1)), load: figures };
  };
  try {
    load.fill();
    await load.run(perSecond, Bun.sleep(warmMs));
    const before = await load.run(perSecond, Bun.sleep(beforeSeconds * 1000));
    await ring.startNode(seats);
    await load.run(perSecond, Bun.sleep(warmMs));
    const [, port] = (ring.names[seats] as string).split(":") as [string, string];
    const changes: { join: ChangeFigures; leave: ChangeFigures }[] = [];
    for (let round = 0; round < rounds; round++) {
      const join = await change(["CLUSTER", "MEET", "127.0.0.1", port], seats + 1, [0, 1, 2, 3]);
      await load.run(perSecond, Bun.sleep(warmMs));
      const name = ring.names[seats] as string;
      const leave = await change(["CLUSTER", "RING", "REMOVE", name], seats, [0, 1, 2]);
      await load.run(perSecond, Bun.sleep(warmMs));
      changes.push({ join, leave });
    }
    return { clients: kind, before, changes };
  } finally {
    load.close();
    await ring.stop();
  }
}

const line = (name: string, { latencyMs, errors, requests, redirections, lagMs }: LoadFigures, seconds: number) => [
  name,
  seconds.toFixed(2),
  `${requests}`,
  ...[latencyMs.p50, latencyMs.p99, latencyMs.p999, latencyMs.max, lagMs.p99].map((ms) => ms.toFixed(2)),
  `${errors}`,
  `${redirections}`,
];

const rows: MovingRow[] = [];
for (const kind of kinds) rows.push(await measure(kind));
console.log(
  textTable([
    ["", "seconds", "requests", "p50 ms", "p99 ms", "p99.9 ms", "longest ms", "lag p99", "errors", "MOVED"],
    ...rows.flatMap(({ clients, before, changes }) => [
      line(`${clients} clients, before`, before, before.seconds),
      ...changes.flatMap(({ join, leave }, round) => [
        line(`${clients} clients, join ${round + 1}`, join.load, join.seconds),
        line(`${clients} clients, leave ${round + 1}`, leave.load, leave.seconds),
      ]),
    ]),
  ]),
);
for (const { load } of rows.flatMap(({ changes }) => changes).flatMap(({ join, leave }) => [join, leave])) {
  for (const text of load.errorTexts) console.log(text);
}
const figures: MovingResults = { keys, perSecond, connections: connections * seats, rows };
if (options.save) console.log(keepResults("moving", measuredOn(), figures));
