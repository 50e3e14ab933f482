/** One running process as it tells of itself. */
export interface Beat {
  /** Unique for each start of a process; 1 to 64 characters. */
  readonly instance: string;
  readonly role: string;
  readonly host: string;
  /** Unix milliseconds, by the clock of the process. */
  readonly startedAtMs: number;
  /** What the process is doing, as JSON of at most 4,000 characters. */
  readonly details: string;
}

export interface Heartbeat extends Beat {
  /** How long ago the process was last heard, by the database's clock, so that clocks of hosts need not agree. */
  readonly ageMs: number;
}

/** A process that has been silent for this long is forgotten. */
export const forgetHeartbeatAfterMs = 60_000;

/** The signs of life of all processes. */
export interface LedgerHeartbeats {
  /** Writes this process's row, and removes those of processes that are forgotten. */
  beat(beat: Beat): Promise<void>;
  read(): Promise<Heartbeat[]>;
  /** Removes this process's row: it has ended in good order, and nobody misses it. */
  leave(instance: string): Promise<void>;
}
