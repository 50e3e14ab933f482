/** What the consumers of one process last said of a shared queue. */
export interface ConsumerReport {
  readonly instance: string;
  /** How long ago it said so. */
  readonly ageMs: number;
  /** Messages in its hands. */
  readonly held: number;
  /** Messages that it has had since its start, repetitions included. */
  readonly received: number;
  /** Those of them that a consumer had had before, and had given back or lost with its connection. */
  readonly repeated: number;
  /** How long it has held the oldest of them, in milliseconds; undefined if it does not say. */
  readonly oldestMs: number | undefined;
  /** On which of its connections it consumes the queue, counted from its start; 0 while it does not. */
  readonly connection: number;
}
