import type { Peer } from "./peer.ts";
import type { Seat } from "./ring-table.ts";
import type { RingTiming } from "./ring-timing.ts";

/** A later run of the primary may have lost what it had. Its lease has ended with the process. */
export function isGone(seat: Seat, primary: Peer, { silenceMs }: RingTiming, nowMs: number): boolean {
  return primary.run > seat.primary.run || nowMs - primary.heardAtMs > silenceMs;
}
