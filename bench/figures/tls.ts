import type { TlsRow } from "../tls/tls-row.ts";
import { milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface TlsResults {
  readonly rows: readonly TlsRow[];
}

/** Everything that was measured, for docs/performance.md. */
export function tlsTables(): string {
  const results: TlsResults & Stored = newestResults("tls");
  const costs = results.rows.flatMap((row) => (row.kind === "cost" ? [row] : []));
  const storms = results.rows.flatMap((row) => (row.kind === "storm" ? [row] : []));
  const loads = [...new Set(costs.map(({ load }) => load))];
  const scenes = [...new Set(costs.map(({ scene }) => scene))];
  const costOf = (scene: string, load: string) => costs.find((row) => row.scene === scene && row.load === load)?.cost;
  return [
    source(results, "../bench/results"),
    "",
    table([
      ["", ...scenes.flatMap((scene) => [`${scene}: requests/s`, "CPU us"])],
      ...loads.map((load) => [
        load,
        ...scenes.flatMap((scene) => {
          const cost = costOf(scene, load);
          return [thousands(cost?.perSecond ?? 0), (cost?.cpuMicroseconds ?? 0).toFixed(2)];
        }),
      ]),
    ]),
    "",
    table([
      ["handshakes", "succeeded", "seconds", "another client's wait, p50 ms", "p99", "longest"],
      ...storms.map(({ scene, connections, storm }) => [
        `${scene}, ${thousands(connections)}`,
        thousands(storm.succeeded),
        storm.seconds.toFixed(1),
        ...(["p50", "p99", "max"] as const).map((name) => milliseconds(storm.otherMs[name])),
      ]),
    ]),
  ].join("\n");
}
