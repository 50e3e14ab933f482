import type { SeededRandom } from "../../tools/seeded-random.ts";
import { counter, type Json, list, type ListState, register } from "../index.ts";
import { areSame, plainCounter, plainList, plainRegister } from "./plain-models.ts";
import type { RandomCall, Subject } from "./random-history.ts";

const few = 3;

/** A register with few values, so that the same one is written often. */
function registerOf(values: readonly Json[]): Subject<Json> {
  return {
    model: register,
    plain: plainRegister,
    call(random) {
      const kind = random.pick(["read", "read", "write", "cas"]);
      const value = (): Json => random.pick([...values]);
      return { kind, input: kind === "cas" ? [value(), value()] : kind === "write" ? value() : null };
    },
    output: (before, { kind, input }) =>
      kind === "read" ? before : kind === "cas" ? areSame(before, (input as readonly Json[])[0] as Json) : null,
    guess: (random, { kind }) =>
      kind === "cas" ? random.oneIn(2) : kind === "read" ? random.pick([null, ...values]) : null,
  };
}

export const casRegister = registerOf([0, 1, 2]);

/** Values that a careless comparison would take for each other, or not for what they are. */
const strange: readonly Json[] = [
  ...[null, 0, -0, "0", "", "null", 1, "1", true, "true", false, 2 ** 53, -1.5, "NaN", "[0]", "\ud800", "\\ud800"],
  ...["\0json [0]", "\0text x", "\0text \0json [0]", [], [0], ["0"], [[0]], [null], {}, { a: null }, { a: 1, b: 2 }],
  ...[{ b: 2, a: 1 }, { b: { d: 1, c: 2 } }, { b: { c: 2, d: 1 } }, JSON.parse('{"__proto__":1}') as Json],
];

export const strangeRegister = (random: SeededRandom): Subject<Json> =>
  registerOf(Array.from({ length: random.between(2, 4) }, () => random.pick([...strange])));

/** A register whose values are written once: what the zones decide. */
export function uniqueRegister(): Subject<Json> {
  let written = 0;
  return {
    model: register,
    plain: plainRegister,
    call: (random) => (random.oneIn(2) ? { kind: "write", input: ++written } : { kind: "read", input: null }),
    output: (before, { kind }) => (kind === "read" ? before : null),
    guess: (random, { kind }) => (kind === "read" ? (random.oneIn(8) ? null : written + random.between(-4, 1)) : null),
  };
}

export const anyCounter: Subject<number> = {
  model: counter,
  plain: plainCounter,
  call: (random) =>
    random.oneIn(3) ? { kind: "get", input: null } : { kind: "incr", input: random.pick([1, 1, 2, -1]) },
  output: (_, { kind, input }, after) => (kind === "incr" && input === -1 ? null : after),
  guess: (random, { kind }) => (kind === "incr" && random.oneIn(2) ? null : random.between(-1, 4)),
};

export function anyList(): Subject<ListState> {
  return {
    model: list(),
    plain: plainList,
    call: (random) => (random.oneIn(3) ? { kind: "read", input: null } : { kind: "append", input: random.below(few) }),
    output: (_, { kind, input }, after) => (kind === "read" ? elements(after) : input === 0 ? null : after.length),
    guess: guessList,
  };
}

function guessList(random: SeededRandom, { kind }: RandomCall): Json {
  const length = random.below(few + 1);
  if (kind === "append") return random.oneIn(2) ? null : length + 1;
  return Array.from({ length }, () => random.below(few));
}

function elements(state: ListState): Json[] {
  const found: Json[] = [];
  for (let rest: ListState | undefined = state; rest?.before !== undefined; rest = rest.before)
    found.unshift(rest.last as Json);
  return found;
}
