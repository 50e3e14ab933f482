import type { FailoverResults } from "../failover/failover-results.ts";
import type { HandoverResults } from "../failover/handover-results.ts";
import { source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** How soon a ring serves keys again, for docs/performance.md. */
export function failoverTable(): string {
  const results = newestResults<FailoverResults & Stored>("failover");
  const { acknowledgement, kills, movedByPauses, pauses, servedAfterMs, timeoutMs } = results;
  return [
    `Three places with a replica each, \`cluster-node-timeout ${timeoutMs}\`, \`cluster-acknowledgement ${acknowledgement}\`. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", ""],
      [`served again after a kill -9, ms: p50 of ${kills}`, thousands(servedAfterMs.p50)],
      ["p99", thousands(servedAfterMs.p99)],
      [`places that ${pauses} pauses of 300 ms have moved`, thousands(movedByPauses)],
    ]),
  ].join("\n");
}

/** How long clients wait while a place is handed over, for docs/performance.md. */
export function handoverTable(): string {
  const results = newestResults<HandoverResults & Stored>("handover");
  const { acknowledgement, handovers, longestWaitMs, timeoutMs } = results;
  return [
    `The same ring, \`cluster-node-timeout ${timeoutMs}\`, \`cluster-acknowledgement ${acknowledgement}\`. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", ""],
      [
        `longest wait for one write while a place is handed over, ms: p50 of ${handovers}`,
        thousands(longestWaitMs.p50),
      ],
      ["p99", thousands(longestWaitMs.p99)],
    ]),
  ].join("\n");
}
