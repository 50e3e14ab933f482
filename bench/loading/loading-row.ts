import type { Form, LoadTime, Writer } from "./load-folder.ts";

/** Starts without data, whose times the rows do not contain. */
export type EmptyStarts = Readonly<Record<"peer" | "mine", LoadTime>>;

/** One folder, loaded by both servers. */
export interface LoadingRow {
  readonly data: string;
  readonly form: Form;
  readonly writtenBy: Writer;
  readonly megabytes: number;
  readonly peer: LoadTime;
  readonly mine: LoadTime;
  /** The peer's time divided by MyRedis's: above 1, MyRedis is faster. */
  readonly cpuRatio: number;
  /** The same of whole starts, from nothing to serving. */
  readonly withStart?: number;
  readonly wallRatio: number;
}
