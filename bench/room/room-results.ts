import type { LoadResult } from "../seckill/http-load.ts";

export interface RoomFigures {
  readonly visitors: number;
  /** Written to the ledger, from one gateway. */
  readonly enteredPerSecond: number;
  /** From the closing to the moment at which a visitor can read the place. */
  readonly drawSeconds: number;
  /** Resident memory of the program that the draw has added, for each visitor. */
  readonly placeBytes: number;
  readonly polls: {
    readonly perSecond: number;
    readonly cpuMicroseconds: number;
    readonly latencyMs: LoadResult["latencyMs"];
  };
  readonly admittedPerSecond: number;
  readonly wantedPerSecond: number;
  /** How many told waits were compared with what came. */
  readonly estimates: number;
  /** Of the wait. */
  readonly worstEstimateError: number;
}
