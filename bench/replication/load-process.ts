/**
 * The load, and a replica that keeps nothing, in one process with a core for itself:
 * `bun bench/replication/load-process.ts <LoadTask as JSON>`. Prints its figures as JSON.
 */
import { residentBytes, median } from "../measure.ts";
import { Load, type OpenLoopFigures } from "../open-loop/load.ts";
import { fillRequests } from "../open-loop/request-mix.ts";
import type { SideClient, Steps } from "../open-loop/side-client.ts";
import type { RoundFigures, SyncFigures } from "./replication-row.ts";
import { StreamReader } from "./stream-reader.ts";

export interface LoadTask {
  readonly port: number;
  readonly pid: number;
  /** Requests per second; without it only the saturation is measured. */
  readonly rate?: number;
}

const connections = 50;
const warmMs = 2500;
const saturateMs = 1000;
const saturateWindows = 3;
const leastMs = 3000;
const mostMs = 20_000;
const lookEveryMs = 20;
/** What a replica lacks for a partial synchronisation. */
const lackingWrites = 5000;

const { port, pid, rate } = JSON.parse(process.argv[2] ?? "") as LoadTask;
const load = new Load({ port, connections, seed: 1, kind: "light" });
const emptyBytes = residentBytes(pid);
load.alone((side) => side.askAll(fillRequests()));

/** The median of some windows, because other programs of the machine may disturb one of them. */
function saturated(): number {
  load.saturate(warmMs, 1);
  return median(Array.from({ length: saturateWindows }, () => load.saturate(saturateMs, 1)));
}

/** The most memory of the server while something goes on. */
class MemoryWatch {
  peakBytes = 0;
  #nextLookMs = 0;

  look(): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextLookMs) return;
    this.peakBytes = Math.max(this.peakBytes, residentBytes(pid));
    this.#nextLookMs = nowMs + lookEveryMs;
  }
}

/** Without a replica. Garbage comes and goes, so what a synchronisation adds is compared with the peak before it. */
function alone(ratePerSecond: number): { figures: OpenLoopFigures; peakBytes: number } {
  const memory = new MemoryWatch();
  const figures = load.run({
    rate: ratePerSecond,
    ...{ warmMs, leastMs, mostMs },
    *steps() {
      const untilMs = performance.now() + leastMs;
      for (; performance.now() < untilMs; memory.look()) yield;
    },
  });
  return { figures, peakBytes: memory.peakBytes };
}

/** A replica gets all data. It stays longer than that takes, and reads. */
function fullSync(ratePerSecond: number, peakBefore: number): { figures: SyncFigures; reader: StreamReader } {
  const memory = new MemoryWatch();
  const reader = new StreamReader(port);
  let [fullSyncMs, streamBytes, copiedBytes] = [0, 0, 0];
  const latency = load.run({
    rate: ratePerSecond,
    ...{ warmMs: 0, leastMs, mostMs },
    *steps(side) {
      const startMs = performance.now();
      for (; !reader.isOnline; memory.look()) {
        reader.poll();
        yield;
      }
      fullSyncMs = performance.now() - startMs;
      streamBytes = yield* numberOf(side, "memory", /mem_total_replication_buffers:(\d+)/);
      const untilMs = performance.now() + fullSyncMs;
      while (performance.now() < untilMs) {
        while (reader.poll());
        yield;
      }
      copiedBytes = yield* numberOf(side, "persistence", /rdb_last_cow_size:(\d+)/);
    },
  });
  const dataBytes = peakBefore - emptyBytes;
  const extraBytes = Math.max(0, memory.peakBytes - peakBefore - streamBytes) + copiedBytes;
  const { snapshotBytes } = reader;
  return { figures: { ...latency, fullSyncMs, snapshotBytes, dataBytes, streamBytes, extraBytes }, reader };
}

function* numberOf(side: SideClient, section: string, pattern: RegExp): Steps<number> {
  return Number(pattern.exec(yield* side.ask("INFO", section))?.[1] ?? 0);
}

/** A replica that was away for some writes: from the connection to the last byte that was missing. */
function partialSync(before: StreamReader): number {
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs) before.poll();
  const { id, offset } = before.place as NonNullable<typeof before.place>;
  const from = { id, offset: offset + before.streamBytes };
  before.close();
  let missing = 0;
  load.alone(function* (side): Steps {
    yield* side.askAll(writes());
    missing = (yield* numberOf(side, "replication", /master_repl_offset:(\d+)/)) - from.offset;
  });
  const startMs = performance.now();
  const after = new StreamReader(port, from);
  while (after.streamBytes < missing) after.poll();
  const passedMs = performance.now() - startMs;
  after.close();
  return passedMs;
}

function* writes(): Generator<string[]> {
  for (let count = 0; count < lackingWrites; count++)
    yield ["SET", `key:${String(count).padStart(7, "0")}`, "v".repeat(32)];
}

/** The same server as without a replica: two processes of the same program differ by more than what a replica costs. */
function saturatedWithReplica(): number {
  const program = [process.execPath, `${import.meta.dirname}/reader-process.ts`, String(port)];
  const replica = Bun.spawn(program, { stdout: "ignore", stderr: "inherit" });
  load.alone(function* (side): Steps {
    while (!/state=online/.test(yield* side.ask("INFO", "replication"))) yield;
  });
  const perSecond = saturated();
  replica.kill();
  return perSecond;
}

function round(ratePerSecond: number): RoundFigures {
  const saturatedPerSecond = saturated();
  const before = alone(ratePerSecond);
  const { figures: sync, reader } = fullSync(ratePerSecond, before.peakBytes);
  const partialSyncMs = partialSync(reader);
  const replicatedPerSecond = saturatedWithReplica();
  return { saturatedPerSecond, alone: before.figures, sync, partialSyncMs, replicatedPerSecond };
}

console.log(JSON.stringify(rate === undefined ? { saturatedPerSecond: saturated() } : round(rate)));
process.exit();
