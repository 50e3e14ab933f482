import type { Pauses } from "./measure-pauses.ts";

/** One scenario on both servers. */
export interface PauseRow {
  readonly scenario: string;
  readonly redis: Pauses | undefined;
  readonly mine: Pauses;
}
