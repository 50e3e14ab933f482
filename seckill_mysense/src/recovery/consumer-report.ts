/** What the consumers of one process last said of a shared queue. */
export interface ConsumerReport {
  readonly instance: string;
  /** How long ago it said so. */
  readonly ageMs: number;
  /** Messages in its hands. */
  readonly held: number;
  /** Messages that it has had since its start. */
  readonly received: number;
  /** How long it has held the oldest of them, in milliseconds; undefined if it does not say. */
  readonly oldestMs: number | undefined;
}
