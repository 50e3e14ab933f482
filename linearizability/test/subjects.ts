import type { SeededRandom } from "../../tools/seeded-random.ts";
import { counter, type Json, list, type ListState, register } from "../index.ts";
import type { RandomCall, Subject } from "./random-history.ts";

const few = 3;

/** A register with few values, so that the same one is written often. */
export const casRegister: Subject<Json> = {
  model: register,
  call(random) {
    const kind = random.pick(["read", "read", "write", "cas"]);
    const input = kind === "cas" ? [random.below(few), random.below(few)] : kind === "write" ? random.below(few) : null;
    return { kind, input };
  },
  output: (before, { kind, input }) =>
    kind === "read" ? before : kind === "cas" ? before === (input as readonly Json[])[0] : null,
  guess: (random, { kind }) =>
    kind === "cas" ? random.oneIn(2) : kind === "read" ? random.pick([null, 0, 1, 2]) : null,
};

/** A register whose values are written once: what the zones decide. */
export function uniqueRegister(): Subject<Json> {
  let written = 0;
  return {
    model: register,
    call: (random) => (random.oneIn(2) ? { kind: "write", input: ++written } : { kind: "read", input: null }),
    output: (before, { kind }) => (kind === "read" ? before : null),
    guess: (random, { kind }) => (kind === "read" ? (random.oneIn(8) ? null : written + random.between(-4, 1)) : null),
  };
}

export const anyCounter: Subject<number> = {
  model: counter,
  call: (random) =>
    random.oneIn(3) ? { kind: "get", input: null } : { kind: "incr", input: random.pick([1, 1, 2, -1]) },
  output: (_, { kind, input }, after) => (kind === "incr" && input === -1 ? null : after),
  guess: (random, { kind }) => (kind === "incr" && random.oneIn(2) ? null : random.between(-1, 4)),
};

export function anyList(): Subject<ListState> {
  return {
    model: list(),
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
