/** What the consumers of one process last said of a shared queue. */
export interface ConsumerReport {
  readonly instance: string;
  /** How long ago it said so. */
  readonly ageMs: number;
  /** Messages in its hands. */
  readonly held: number;
  /** Messages that it has had since its start, repetitions included. */
  readonly received: number;
  /** How long it has held the oldest of them, in milliseconds; undefined if it does not say. */
  readonly oldestMs: number | undefined;
  /**
   * On which of its connections it consumes the queue, counted from its start; 0 while it does not. Undefined if it does
   * not say: then it cannot be told apart from another consumer that the broker counts.
   */
  readonly connection: number | undefined;
}
