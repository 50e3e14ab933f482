/** The durations of a ring, in milliseconds. They must be the same on all nodes. */
export interface RingTiming {
  readonly heartbeatMs: number;
  /** How long a primary serves after the moment at which it last asked its leader for a lease. */
  readonly leaseMs: number;
  /** A leader grants leases while a majority has answered heartbeats that are not older than this. */
  readonly majorityMs: number;
  /** A node that was silent for this long counts as gone. Nobody votes within this time after it has heard a leader. */
  readonly silenceMs: number;
  /** How far a copy in sync may be behind. */
  readonly lagMs: number;
}

/** By how much a second of a node's clock may differ from a true second. */
export const clockDrift = 0.01;

/** The longest time that a duration of one clock may last by another clock. */
export const longest = (durationMs: number): number => (durationMs * (1 + clockDrift)) / (1 - clockDrift);

/** All durations follow from the time after which a silent node counts as gone. */
export function ringTiming(nodeTimeoutMs: number): RingTiming {
  const timing = {
    heartbeatMs: nodeTimeoutMs / 8,
    leaseMs: nodeTimeoutMs * 0.45,
    majorityMs: nodeTimeoutMs * 0.45,
    silenceMs: nodeTimeoutMs,
    lagMs: nodeTimeoutMs,
  };
  checkTiming(timing);
  return timing;
}

/**
 * A leader grants its last lease at most `majorityMs` after a majority heard it, and none of that majority votes within
 * `silenceMs`. So all leases of a leader have ended before its successor is elected, and the successor need not wait.
 */
export function checkTiming({ leaseMs, majorityMs, silenceMs }: RingTiming): void {
  if (longest(leaseMs + majorityMs) > silenceMs) {
    throw new RangeError(`a lease of ${leaseMs} ms and a majority of ${majorityMs} ms do not fit into ${silenceMs} ms`);
  }
}

/** How long the slots of a move may be served by nobody. Then the source goes on, and the move is tried again later. */
export const handOverMs = ({ silenceMs }: RingTiming): number => silenceMs / 2;
