import type { Json, Operation } from "../index.ts";

export const returned = (
  process: number,
  kind: string,
  input: Json,
  output: Json,
  times: readonly [calledAt: number, returnedAt: number],
): Operation => ({
  process,
  key: "",
  kind,
  input,
  output,
  outcome: "returned",
  calledAt: times[0],
  returnedAt: times[1],
});

/** An operation with an unknown outcome. */
export const lost = (process: number, kind: string, input: Json, calledAt: number): Operation => ({
  ...returned(process, kind, input, null, [calledAt, Number.POSITIVE_INFINITY]),
  outcome: "unknown",
});
