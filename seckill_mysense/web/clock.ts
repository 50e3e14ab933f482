let offsetMs = 0;

/** The server's time. Visitors' clocks are often wrong by more than a flash sale lasts. */
export function serverNowMs(): number {
  return Date.now() + offsetMs;
}

/**
 * Sets the clock from an answer. The answer is assumed to be half a round trip old. `askedAtMs` is the visitor's time.
 */
export function setServerTime(serverTimeMs: number, askedAtMs: number): void {
  offsetMs = serverTimeMs - (askedAtMs + Date.now()) / 2;
}

/** The visitor's own clock, for measuring durations. */
export function ownNowMs(): number {
  return Date.now();
}
