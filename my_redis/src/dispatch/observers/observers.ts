import type { ClientTracking } from "./client-tracking.ts";
import type { LatencyMonitor } from "./latency-monitor.ts";
import type { Monitors } from "./monitors.ts";
import type { NoTouch } from "./no-touch.ts";
import type { SlowLog } from "./slow-log.ts";
import type { Statistics } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

/** The parts that see commands and changes, and never refuse them. */
export interface Observers {
  readonly monitors: Monitors;
  readonly tracking: ClientTracking;
  readonly noTouch: NoTouch;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly statistics: Statistics;
  readonly throughput: Throughput;
}
