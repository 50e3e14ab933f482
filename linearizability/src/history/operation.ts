/** What JSON can say: inputs and outputs of operations, so that a history can be stored. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * What the client knows about its operation:
 *
 * - "returned": the operation took effect once, between its call and its return, and gave `output`.
 * - "unknown": a timeout or a lost connection. It takes effect once, at any time after its call, or never.
 * - "failed": it certainly took no effect, and never will.
 */
export type Outcome = "returned" | "unknown" | "failed";

export interface Operation {
  /** The client. It has one operation at a time; the checker does not need that. */
  readonly process: string | number;
  /** Operations on different keys are independent of each other. */
  readonly key: string;
  /** What was done: the model knows the kinds, such as "read". */
  readonly kind: string;
  readonly input: Json;
  /** What the client was told; null unless the outcome is "returned". */
  readonly output: Json;
  readonly outcome: Outcome;
  /** Times are numbers of any unit, of one clock for all processes. */
  readonly calledAt: number;
  /** Infinity for an unknown outcome: the operation is open until the end. */
  readonly returnedAt: number;
}
