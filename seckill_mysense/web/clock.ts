let offsetMs = 0;

/** The server's time: visitors' clocks are often wrong by more than a flash sale lasts. */
export function serverNowMs(): number {
  return Date.now() + offsetMs;
}

/** Sets the clock by an answer that is taken to be half as old as the round trip; `askedAtMs` is the visitor's time. */
export function setServerTime(serverTimeMs: number, askedAtMs: number): void {
  offsetMs = serverTimeMs - (askedAtMs + Date.now()) / 2;
}

/** The visitor's own clock, for measuring how long something took. */
export function ownNowMs(): number {
  return Date.now();
}
