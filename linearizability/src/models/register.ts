import type { Json, Operation } from "../history/operation.ts";
import type { Model } from "./model.ts";
import { decideByZones } from "./register-zones.ts";
import { areEqual, valueIdentity } from "./value-identity.ts";

/**
 * One value, at first null.
 *
 * - "read" outputs the value.
 * - "write" sets it to the input. Its output is ignored.
 * - "cas" takes the input [from, to], and outputs true after it replaced `from` by `to`, or false where it found another
 *   value and changed nothing.
 */
export const register: Model<Json> = {
  name: "register",
  initial: null,
  step(state, { kind, input, output, outcome }) {
    if (kind === "write") return input;
    if (kind === "read") return outcome === "unknown" || areEqual(state, output) ? state : undefined;
    const [from, to] = input as readonly [Json, Json];
    const matches = areEqual(state, from);
    if (outcome === "unknown" || matches === output) return matches ? to : state;
    return undefined;
  },
  identity: valueIdentity,
  problem({ kind, input, output, outcome }) {
    if (kind === "read" || kind === "write") return undefined;
    if (kind !== "cas") return `the register has no ${JSON.stringify(kind)}; it has read, write and cas`;
    if (!Array.isArray(input) || input.length !== 2)
      return `the input of cas is ${JSON.stringify(input)}; it must be [from, to]`;
    if (outcome !== "returned" || typeof output === "boolean") return undefined;
    return `the output of cas is ${JSON.stringify(output)}; it must be true or false`;
  },
  onlyReads: ({ kind, output }) => kind === "read" || (kind === "cas" && output === false),
  relevant: withoutUnseenWrites,
  decide: decideByZones,
};

/**
 * Leaves out writes with unknown outcomes whose value nobody has seen: not a read, not a "cas" that replaced it. A "cas"
 * that found another value may have found any value, so then all stay.
 */
function withoutUnseenWrites(operations: readonly Operation[]): readonly Operation[] {
  if (operations.every(({ outcome }) => outcome === "returned")) return operations;
  const seen = new Set<unknown>();
  const see = (value: Json): number => seen.add(valueIdentity(value)).size;
  const maybe: Operation[] = [];
  for (const operation of operations) {
    const { kind, input, output, outcome } = operation;
    if (outcome === "unknown") maybe.push(operation);
    else if (kind === "read") see(output);
    else if (kind === "cas" && output === true) see((input as readonly [Json, Json])[0]);
    else if (kind === "cas") return operations.filter((each) => each.outcome === "returned" || each.kind !== "read");
  }
  const replacedBy = new Map<unknown, Json[]>();
  for (const { kind, input } of maybe) {
    if (kind !== "cas") continue;
    const [from, to] = input as readonly [Json, Json];
    const others = replacedBy.get(valueIdentity(to));
    if (others === undefined) replacedBy.set(valueIdentity(to), [from]);
    else others.push(from);
  }
  // An unknown "cas" whose new value was seen may have seen its old one. A set also visits what is added meanwhile.
  for (const value of seen) for (const from of replacedBy.get(value) ?? []) see(from);
  return operations.filter(({ kind, input, outcome }) => {
    if (outcome === "returned") return true;
    if (kind === "read") return false;
    return seen.has(valueIdentity(kind === "write" ? input : ((input as readonly Json[])[1] as Json)));
  });
}
