import type { Operation } from "../history/operation.ts";
import { Refused } from "../refused.ts";
import type { Model } from "./model.ts";

/**
 * A number, at first 0.
 *
 * - "incr" adds the input, by default 1. Its output is the new number, or null where the client did not see it.
 * - "get" outputs the number.
 */
export const counter: Model<number> = {
  name: "counter",
  initial: 0,
  step(state, { kind, input, output, outcome }) {
    const after = kind === "incr" ? state + ((input as number | null) ?? 1) : state;
    if (!Number.isSafeInteger(after)) throw new Refused(`the counter would be ${after}; it must be within 2^53 of 0`);
    const isAnything = outcome === "unknown" || (kind === "incr" && output === null);
    return isAnything || output === after ? after : undefined;
  },
  identity: (state) => state,
  problem({ kind, input, output, outcome }) {
    if (kind !== "get" && kind !== "incr") return `the counter has no ${JSON.stringify(kind)}; it has incr and get`;
    if (kind === "incr" && input !== null && !Number.isSafeInteger(input))
      return `the input of incr is ${JSON.stringify(input)}; it must be an integer`;
    if (outcome !== "returned" || (kind === "incr" && output === null) || Number.isSafeInteger(output))
      return undefined;
    return `the output of ${kind} is ${JSON.stringify(output)}; it must be an integer`;
  },
  onlyReads: ({ kind }) => kind === "get",
  relevant: withoutReads,
};

/** A "get" with an unknown outcome neither changes nor shows anything. */
const isUseless = ({ kind, outcome }: Operation): boolean => outcome === "unknown" && kind === "get";

function withoutReads(operations: readonly Operation[]): readonly Operation[] {
  return operations.some(isUseless) ? operations.filter((operation) => !isUseless(operation)) : operations;
}
