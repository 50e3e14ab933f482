/**
 * The load, and a replica that keeps nothing, in one process with a core for itself:
 * `bun bench/replication/load-process.ts <LoadTask as JSON>`. Prints its figures as JSON.
 */
import { Load, type OpenLoopFigures } from "../open-loop/load.ts";
import { fillRequests } from "../open-loop/request-mix.ts";
import type { Steps } from "../open-loop/side-client.ts";
import { residentBytes } from "../measure.ts";
import type { SyncFigures } from "./replication-row.ts";
import { StreamReader } from "./stream-reader.ts";

export interface LoadTask {
  readonly kind: "saturate" | "alone" | "full sync" | "partial sync";
  readonly port: number;
  readonly pid: number;
  readonly rate: number;
}

const connections = 50;
const warmMs = 2500;
const saturateMs = 1500;
const leastMs = 3000;
const mostMs = 20_000;
/** What a replica lacks for a partial synchronisation. */
const lackingWrites = 5000;

function run({ kind, port, pid, rate }: LoadTask): object {
  const load = new Load({ port, connections, seed: 1, kind: "light" });
  const emptyBytes = residentBytes(pid);
  load.alone((side) => side.askAll(fillRequests()));
  if (kind === "saturate") {
    load.saturate(warmMs, 1);
    return { rate: load.saturate(saturateMs, 1) };
  }
  if (kind === "partial sync") return { partialSyncMs: partialSync(load, port) };
  if (kind === "alone") return load.run({ rate, warmMs, leastMs, mostMs });
  return fullSync(load, { port, pid, rate, emptyBytes });
}

function fullSync(
  load: Load,
  { port, pid, rate, emptyBytes }: { port: number; pid: number; rate: number; emptyBytes: number },
): OpenLoopFigures & SyncFigures {
  let reader: StreamReader | undefined;
  let beforeBytes = 0;
  let peakBytes = 0;
  let copiedBytes = 0;
  const figures = load.run({
    rate,
    warmMs,
    leastMs,
    mostMs,
    *steps(side) {
      beforeBytes = residentBytes(pid);
      reader = new StreamReader(port);
      let nextLookMs = 0;
      while (!reader.isOnline) {
        reader.poll();
        if (performance.now() >= nextLookMs) {
          peakBytes = Math.max(peakBytes, residentBytes(pid));
          nextLookMs = performance.now() + 20;
        }
        yield;
      }
      const info = yield* side.ask("INFO", "persistence");
      copiedBytes = Math.max(0, ...[...info.matchAll(/_cow_(?:peak|size):(\d+)/g)].map(([, bytes]) => Number(bytes)));
    },
  });
  reader?.close();
  return {
    ...figures,
    snapshotBytes: reader?.snapshotBytes ?? 0,
    dataBytes: beforeBytes - emptyBytes,
    extraBytes: Math.max(0, peakBytes - beforeBytes) + copiedBytes,
  };
}

/** From the connection to the last byte that was missing. */
function partialSync(load: Load, port: number): number {
  const first = new StreamReader(port);
  while (!first.isOnline) first.poll();
  // What was written before the first one has it must not count as missing.
  load.alone((side) => side.askAll([["SET", "key:0000000", "value"]]));
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs) first.poll();
  const { id, offset } = first.place as NonNullable<typeof first.place>;
  const from = { id, offset: offset + first.streamBytes };
  first.close();
  let missing = 0;
  load.alone(function* (side): Steps {
    yield* side.askAll(writes());
    const info = yield* side.ask("INFO", "replication");
    missing = Number(/master_repl_offset:(\d+)/.exec(info)?.[1]) - from.offset;
  });
  const startMs = performance.now();
  const second = new StreamReader(port, from);
  while (second.streamBytes < missing) second.poll();
  const passedMs = performance.now() - startMs;
  second.close();
  return passedMs;
}

function* writes(): Generator<string[]> {
  for (let count = 0; count < lackingWrites; count++)
    yield ["SET", `key:${String(count).padStart(7, "0")}`, "v".repeat(32)];
}

console.log(JSON.stringify(run(JSON.parse(process.argv[2] ?? "") as LoadTask)));
process.exit();
