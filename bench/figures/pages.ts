import type { PagesFigures } from "../pages/pages-results.ts";
import { milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** What open pages cost one gateway, for docs/performance.md. */
export function pagesTable(): string {
  const results = newestResults<PagesFigures & Stored>("pages");
  return [
    source(results, "../bench/results"),
    "",
    `${thousands(results.pages)} pages on ${thousands(results.connections)} connections.`,
    "",
    table([
      ["", "requests/s", "MB/s", "cores", "p50 ms", "p99 ms", "p99.9 ms"],
      ...results.rows.map(({ scene, perSecond, bytesPerSecond, cores, latencyMs }) => [
        ...[scene, thousands(perSecond), (bytesPerSecond / 1e6).toFixed(1), cores.toFixed(2)],
        ...[latencyMs.p50, latencyMs.p99, latencyMs.p999].map(milliseconds),
      ]),
    ]),
  ].join("\n");
}
