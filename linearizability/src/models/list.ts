import type { Json, Operation } from "../history/operation.ts";
import type { Model } from "./model.ts";
import { valueIdentity } from "./value-identity.ts";

/** A list by its last element and the list before it. Equal lists are the same object. */
export interface ListState {
  readonly before: ListState | undefined;
  readonly last: unknown;
  readonly length: number;
  /** By its last element, each list that is one longer. Most have at most one, and no map. */
  longer: ListState | Map<unknown, ListState> | undefined;
}

const newList = (before: ListState | undefined, last: unknown): ListState => ({
  before,
  last,
  length: before === undefined ? 0 : before.length + 1,
  longer: undefined,
});

function append(state: ListState, element: unknown): ListState {
  const { longer } = state;
  if (longer === undefined) return (state.longer = newList(state, element));
  if (!(longer instanceof Map)) {
    if (longer.last === element) return longer;
    state.longer = new Map([[longer.last, longer]]);
    return append(state, element);
  }
  let after = longer.get(element);
  if (after === undefined) longer.set(element, (after = newList(state, element)));
  return after;
}

/**
 * A list that only grows, at first empty. Each call of `list` makes a model that keeps every list it has seen.
 *
 * - "append" adds the input at the end. Its output is the new length, or null where the client did not see it.
 * - "read" outputs all elements.
 */
export function list(): Model<ListState> {
  return {
    name: "list",
    initial: newList(undefined, undefined),
    step(state, { kind, input, output, outcome }) {
      if (kind === "read") return outcome === "unknown" || holds(state, output as readonly Json[]) ? state : undefined;
      if (outcome === "returned" && output !== null && output !== state.length + 1) return undefined;
      return append(state, valueIdentity(input));
    },
    identity: (state) => state,
    problem({ kind, output, outcome }) {
      if (kind !== "append" && kind !== "read")
        return `the list has no ${JSON.stringify(kind)}; it has append and read`;
      if (outcome !== "returned") return undefined;
      if (kind === "append") {
        if (output === null || Number.isSafeInteger(output)) return undefined;
        return `the output of append is ${JSON.stringify(output)}; it must be the new length, or null`;
      }
      if (Array.isArray(output)) return undefined;
      return `the output of read is ${JSON.stringify(output)}; it must be a list`;
    },
    onlyReads: ({ kind }) => kind === "read",
    relevant: withoutUnseenElements,
  };
}

/** From the end, where two lists differ most often. */
function holds(state: ListState, elements: readonly Json[]): boolean {
  if (state.length !== elements.length) return false;
  let rest = state;
  for (let index = elements.length - 1; index >= 0; index--) {
    if (rest.last !== valueIdentity(elements[index] as Json)) return false;
    rest = rest.before as ListState;
  }
  return true;
}

/** Leaves out unknown appends whose element is in no list that was read, unless somebody was told a length. */
function withoutUnseenElements(operations: readonly Operation[]): readonly Operation[] {
  if (operations.every(({ outcome }) => outcome === "returned")) return operations;
  const seen = new Set<unknown>();
  let areLengthsSeen = false;
  for (const { kind, output, outcome } of operations) {
    if (outcome !== "returned" || output === null) continue;
    if (kind === "append") areLengthsSeen = true;
    else for (const element of output as readonly Json[]) seen.add(valueIdentity(element));
  }
  return operations.filter(({ kind, input, outcome }) => {
    if (outcome === "returned") return true;
    return kind === "append" && (areLengthsSeen || seen.has(valueIdentity(input)));
  });
}
