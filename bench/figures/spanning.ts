import type { SpanningResults } from "../spanning/spanning-results.ts";
import { source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** What writes to several nodes cost, for docs/performance.md. */
export function spanningTable(): string {
  const results = newestResults<SpanningResults & Stored>("spanning");
  const { connections, requests, rounds, rows } = results;
  const nameOf = { fixed: "a ring with fixed members", agreed: "a ring that agrees on them" };
  return [
    `CPU microseconds for each command, both nodes together: medians of ${rounds} runs of ${thousands(requests)} commands over ${connections} connections. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "SET", "MSET, two keys of one node", "MSET, two keys of two nodes"],
      ...rows.map(({ acrossMicroseconds, members, setMicroseconds, togetherMicroseconds }) => [
        nameOf[members],
        ...[setMicroseconds, togetherMicroseconds, acrossMicroseconds].map((figure) => figure.toFixed(0)),
      ]),
    ]),
  ].join("\n");
}
