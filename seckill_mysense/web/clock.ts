/** Answers that count: after so many, a clock of the visitor that was set has no effect any more. */
const kept = 10;
/** By how much the server's clock is at least ahead of the visitor's, by each of the latest answers. */
let leads: readonly number[] = [];

/** The server's time. Visitors' clocks are often wrong by more than a flash sale lasts. */
export function serverNowMs(): number {
  return Date.now() + (leads.length === 0 ? 0 : Math.max(...leads));
}

/**
 * Sets the clock from an answer that has just come. Its way took time, and a cache may have kept it for a second or two, so
 * it can only be behind the server's time: the answer that is least behind counts.
 */
export function noteServerTime(serverTimeMs: number): void {
  leads = [...leads, serverTimeMs - Date.now()].slice(-kept);
}

/** The visitor's own clock, for measuring durations. */
export function ownNowMs(): number {
  return Date.now();
}
