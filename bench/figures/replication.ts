import type { ReplicationFigures, ReplicationResults } from "../replication/replication-row.ts";
import { megabytes, ratio, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** Everything that was measured, for docs/performance.md. */
export function replicationTable(): string {
  const results = newestResults<ReplicationResults & Stored>("replication");
  const { mine, rate, redis, rounds } = results;
  const row = (
    name: string,
    show: (value: number) => string,
    of: (figures: ReplicationFigures) => number,
  ): string[] => [name, show(of(redis)), show(of(mine)), ratio(of(mine) / of(redis))];
  const ms = (value: number): string => value.toFixed(2);
  const percent = (value: number): string => `${(value * 100).toFixed(1)}%`;
  const names = { p50: "p50", p99: "p99", p999: "p99.9", max: "longest" } as const;
  const latencies = (Object.keys(names) as (keyof typeof names)[]).flatMap((name) => [
    row(`${names[name]} without a replica, ms`, ms, ({ aloneMs }) => aloneMs[name]),
    row(`${names[name]} during a full synchronisation, ms`, ms, ({ syncMs }) => syncMs[name]),
  ]);
  return [
    `${thousands(rate)} requests per second, half of them writes; medians of ${rounds} alternating rounds. ${source(results, "../bench/results")}`,
    "",
    table([
      ["", "redis-server", "MyRedis", "ratio"],
      ...latencies,
      row("the load's own lag, p99.9 without, ms", ms, ({ aloneLagMs }) => aloneLagMs.p999),
      row("the load's own lag, p99.9 during, ms", ms, ({ syncLagMs }) => syncLagMs.p999),
      row("full synchronisation, ms", thousands, ({ fullSyncMs }) => fullSyncMs),
      row(
        "its snapshot, MB",
        (bytes) => megabytes(bytes),
        ({ snapshotBytes }) => snapshotBytes,
      ),
      row("the stream at its end, as a part of the data's memory", percent, ({ streamShare }) => streamShare),
      row("memory besides the stream, as a part of the data's", percent, ({ extraShare }) => extraShare),
      row("partial synchronisation of 5,000 writes, ms", ms, ({ partialSyncMs }) => partialSyncMs),
      row("requests per second at most", thousands, ({ saturatedPerSecond }) => saturatedPerSecond),
      row("the same with a replica", thousands, ({ replicatedPerSecond }) => replicatedPerSecond),
      row("that as a part of the one before", ms, ({ replicatedRatio }) => replicatedRatio),
    ]),
  ].join("\n");
}
