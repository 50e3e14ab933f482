import type { RoomFigures } from "../room/room-results.ts";
import { milliseconds, source, table, thousands } from "./markdown.ts";
import { newestResults, type Stored } from "./results.ts";

/** What a waiting room of many visitors takes, for docs/performance.md. */
export function roomTable(): string {
  const results = newestResults<RoomFigures & Stored>("room");
  const { polls, visitors } = results;
  const { p50, p99, p999 } = polls.latencyMs;
  return [
    source(results, "../bench/results"),
    "",
    table([
      ["", ""],
      ["visitors", thousands(visitors)],
      ["entries written to MariaDB per second", thousands(results.enteredPerSecond)],
      ["from the closing until visitors can read their places, seconds", results.drawSeconds.toFixed(1)],
      [
        "resident memory that the draw has added, MB; the places that are kept are 4 bytes for each visitor",
        ((results.placeBytes * visitors) / 1e6).toFixed(0),
      ],
      ["polls per second, open loop", thousands(polls.perSecond)],
      ["CPU of the program for each poll, microseconds", polls.cpuMicroseconds.toFixed(1)],
      ["latency of polls, ms: p50, p99, p99.9", [p50, p99, p999].map(milliseconds).join(", ")],
      [
        "admitted per second, of those that were asked for",
        `${results.admittedPerSecond.toFixed(1)} of ${results.wantedPerSecond}`,
      ],
      [
        `worst of ${results.estimates} told waits, as a share of the wait`,
        `${(results.worstEstimateError * 100).toFixed(1)}%`,
      ],
    ]),
  ].join("\n");
}
