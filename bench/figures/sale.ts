import { source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

interface RecoveryResults {
  readonly rows: readonly {
    readonly server: string;
    readonly armMs: number;
    readonly compareMs: number;
    readonly repairMs: number;
    readonly bareMs: number;
  }[];
}

/** How long a sale takes to arm, compare and rebuild gates, for docs/performance.md. */
export function recoveryTable(): string {
  const results: RecoveryResults & Stored = newestResults("recovery");
  return [
    `Milliseconds; the rebuild is the median of three. ${source(results, "../bench/results")}`,
    "",
    table([
      ["gate's server", "arm 5,000 products", "compare them after a restart", "rebuild 100,000 orders", "bare HSET"],
      ...results.rows.map(({ server, armMs, compareMs, repairMs, bareMs }) => [
        server,
        ...[armMs, compareMs, repairMs, bareMs].map(thousands),
      ]),
    ]),
  ].join("\n");
}

interface LedgerModeResults {
  readonly gate: { readonly committedPerSecond: number; readonly p50Ms: number; readonly p99Ms: number };
  readonly ledger: { readonly committedPerSecond: number; readonly p50Ms: number; readonly p99Ms: number };
}

/** A sale with a gate beside one in which the ledger decides, for docs/performance.md. */
export function ledgerModeTable(): string {
  const results: LedgerModeResults & Stored = newestResults("ledger-mode");
  return [
    `Medians of three runs. ${source(results, "../bench/results")}`,
    "",
    table([
      ["who decides", "orders committed/s", "p50 ms", "p99 ms"],
      ...(
        [
          ["a gate (embedded MyRedis)", results.gate],
          ["the ledger", results.ledger],
        ] as const
      ).map(([name, { committedPerSecond, p50Ms, p99Ms }]) => [
        name,
        thousands(committedPerSecond),
        thousands(p50Ms),
        thousands(p99Ms),
      ]),
    ]),
  ].join("\n");
}
