import type { Json, Operation } from "../index.ts";

/** What an object does, written a second time: as plain as its description, to judge the models of the package. */
export interface PlainModel {
  readonly initial: Json;
  /** The state after an operation, or undefined where it cannot have given its output. */
  step(state: Json, operation: Operation): Json | undefined;
}

/** Whether two values are the same, field by field and item by item. */
export function areSame(left: Json, right: Json): boolean {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return left === right;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [names, others] = [Object.keys(left), Object.keys(right)];
  const fieldOf = (value: object, name: string): Json => (value as Record<string, Json>)[name] as Json;
  return (
    names.length === others.length &&
    names.every((name) => others.includes(name) && areSame(fieldOf(left, name), fieldOf(right, name)))
  );
}

const mayHaveSaid = ({ outcome, output }: Operation, answer: Json): boolean =>
  outcome === "unknown" || areSame(output, answer);

export const plainRegister: PlainModel = {
  initial: null,
  step(state, operation) {
    const { kind, input } = operation;
    if (kind === "write") return input;
    if (kind === "read") return mayHaveSaid(operation, state) ? state : undefined;
    const [from, to] = input as readonly [Json, Json];
    const isFound = areSame(state, from);
    if (!mayHaveSaid(operation, isFound)) return undefined;
    return isFound ? to : state;
  },
};

export const plainCounter: PlainModel = {
  initial: 0,
  step(state, operation) {
    const { kind, input, output } = operation;
    if (kind === "get") return mayHaveSaid(operation, state) ? state : undefined;
    const sum = (state as number) + ((input as number | null) ?? 1);
    return output === null || mayHaveSaid(operation, sum) ? sum : undefined;
  },
};

export const plainList: PlainModel = {
  initial: [],
  step(state, operation) {
    const { kind, input, output } = operation;
    if (kind === "read") return mayHaveSaid(operation, state) ? state : undefined;
    const longer = [...(state as readonly Json[]), input];
    return output === null || mayHaveSaid(operation, longer.length) ? longer : undefined;
  },
};
