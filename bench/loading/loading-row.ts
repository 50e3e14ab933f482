import type { Form, LoadTime, Writer } from "./load-folder.ts";

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
  readonly wallRatio: number;
}
