/**
 * Puts the newest results into the READMEs and docs/performance.md, between their markers: `bun bench/write-figures.ts`.
 * No figure is typed in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fairDrawSummary } from "./figures/fair-draw.ts";
import { failoverTable, handoverTable } from "./figures/failover.ts";
import { latencyTable } from "./figures/latency.ts";
import { linearizabilityTable } from "./figures/linearizability.ts";
import { loadingTable } from "./figures/loading.ts";
import { memorySummary, memoryTable } from "./figures/memory.ts";
import { movingTable } from "./figures/moving.ts";
import { pagesTable } from "./figures/pages.ts";
import { overloadTable } from "./figures/overload.ts";
import { pauseTable } from "./figures/pauses.ts";
import { redisSummary, redisTable } from "./figures/redis.ts";
import { replicationTable } from "./figures/replication.ts";
import { ledgerModeTable, recoveryTable } from "./figures/sale.ts";
import { roomTable } from "./figures/room.ts";
import { simulatedStartTable, startServiceTable } from "./figures/start.ts";
import { spanningTable } from "./figures/spanning.ts";
import { seckillSummary } from "./figures/seckill.ts";
import { tlsTables } from "./figures/tls.ts";

const root = join(import.meta.dirname, "..");

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->` in a file. */
function fill(file: string, name: string, sections: readonly string[]): void {
  const path = join(root, file);
  const page = readFileSync(path, "utf8");
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} lacks the markers ${start} and ${end}`);
  writeFileSync(path, `${page.slice(0, from + start.length)}\n\n${sections.join("\n\n")}\n\n${page.slice(to)}`);
}

fill("README.md", "figures", [redisSummary(), memorySummary(), seckillSummary()]);
fill("fair_draw/README.md", "figures", [fairDrawSummary()]);
fill("docs/performance.md", "linearizability", [linearizabilityTable()]);
fill("docs/performance.md", "throughput", [redisTable()]);
fill("docs/performance.md", "memory", [memoryTable()]);
fill("docs/performance.md", "latency", [latencyTable()]);
fill("docs/performance.md", "overload", [overloadTable()]);
fill("docs/performance.md", "tls", [tlsTables()]);
fill("docs/performance.md", "pauses", [pauseTable()]);
fill("docs/performance.md", "replication", [replicationTable()]);
fill("docs/performance.md", "failover", [failoverTable()]);
fill("docs/performance.md", "handover", [handoverTable()]);
fill("docs/performance.md", "moving", [movingTable()]);
fill("docs/performance.md", "spanning", [spanningTable()]);
fill("docs/performance.md", "room", [roomTable()]);
fill("docs/performance.md", "pages", [pagesTable()]);
fill("docs/performance.md", "simulated-start", [simulatedStartTable()]);
fill("docs/performance.md", "start", [startServiceTable()]);
fill("docs/performance.md", "loading", [loadingTable("")]);
fill("docs/performance.md", "long-loading", [loadingTable("long-")]);
fill("docs/performance.md", "recovery", [recoveryTable()]);
fill("docs/performance.md", "ledger-mode", [ledgerModeTable()]);
