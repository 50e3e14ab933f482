import type { OverloadRun } from "./load-process.ts";

/** One server at one multiple of its peak. */
export interface OverloadRow {
  readonly scene: string;
  readonly server: "redis-server" | "MyRedis";
  /** Requests per second that were offered; undefined for the peak, which is found by asking as fast as possible. */
  readonly offered: number | undefined;
  readonly run: OverloadRun;
  /** Resident memory after filling and load, in bytes. */
  readonly residentBytes: number;
}
