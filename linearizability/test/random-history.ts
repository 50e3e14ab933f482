import type { SeededRandom } from "../../tools/seeded-random.ts";
import type { Json, Model, Operation, Outcome } from "../index.ts";
import type { PlainModel } from "./plain-models.ts";

export interface RandomCall {
  readonly kind: string;
  readonly input: Json;
}

/** A model, calls for it, and the output that a call gives in a state. */
export interface Subject<State> {
  readonly model: Model<State>;
  /** The same once more, to judge the model. */
  readonly plain: PlainModel;
  call(random: SeededRandom): RandomCall;
  output(before: State, call: RandomCall, after: State): Json;
  /** An output that may be wrong. */
  guess(random: SeededRandom, call: RandomCall): Json;
}

export interface Shape {
  readonly operations: number;
  readonly processes: number;
  readonly keys: number;
  /** How often an outcome is unknown, or failed. */
  readonly lost: number;
}

interface Pending extends RandomCall {
  readonly process: number;
  readonly key: string;
  readonly calledAt: number;
  readonly outcome: Outcome;
  output: Json;
  hasEffect: boolean;
}

/**
 * A history of clients of a correct object for each key: an operation takes effect at one moment between its call and its
 * return. One with an unknown outcome takes effect later, or never; its client goes on under another name.
 */
export function linearizableHistory<State>(subject: Subject<State>, random: SeededRandom, shape: Shape): Operation[] {
  const { model } = subject;
  const states = new Map<string, State>();
  const history: Operation[] = [];
  const lost: Pending[] = [];
  const clients = new Map<number, Pending | undefined>();
  for (let process = 0; process < shape.processes; process++) clients.set(process, undefined);
  let [time, called, nextProcess] = [0, 0, shape.processes];
  const takeEffect = (pending: Pending): void => {
    const before = states.get(pending.key) ?? model.initial;
    const asked = { ...pending, outcome: "unknown" as const, output: null, returnedAt: Number.POSITIVE_INFINITY };
    const after = model.step(before, asked) as State;
    states.set(pending.key, after);
    pending.output = subject.output(before, pending, after);
    pending.hasEffect = true;
  };
  const record = ({ process, key, kind, input, output, outcome, calledAt }: Pending, returnedAt: number): void => {
    const told = outcome === "returned" ? output : null;
    history.push({ process, key, kind, input, output: told, outcome, calledAt, returnedAt });
  };
  while (called < shape.operations || [...clients.values()].some((pending) => pending !== undefined)) {
    const late = random.oneIn(4) ? lost.find(({ hasEffect }) => !hasEffect) : undefined;
    if (late !== undefined) takeEffect(late);
    const [process, pending] = random.pick([...clients]);
    time++;
    if (pending === undefined) {
      if (called === shape.operations) continue;
      called++;
      const outcome: Outcome = random.happens(shape.lost) ? random.pick(["unknown", "failed"] as const) : "returned";
      const key = `key ${random.below(shape.keys)}`;
      const common = { process, key, calledAt: time, outcome, output: null, hasEffect: false };
      clients.set(process, { ...subject.call(random), ...common });
    } else if (pending.outcome === "unknown") {
      record(pending, Number.POSITIVE_INFINITY);
      lost.push(pending);
      clients.delete(process);
      clients.set(nextProcess++, undefined);
    } else if (pending.outcome === "returned" && !pending.hasEffect) {
      takeEffect(pending);
    } else {
      record(pending, time);
      clients.set(process, undefined);
    }
  }
  return history;
}

/** Any history: times and outputs by chance, most often wrong ones. Times may be equal. */
export function anyHistory<State>(
  subject: Subject<State>,
  random: SeededRandom,
  { operations, keys }: Pick<Shape, "operations" | "keys">,
): Operation[] {
  return Array.from({ length: operations }, (_, process) => {
    const call = subject.call(random);
    const calledAt = random.below(2 * operations);
    const outcome = random.pick(["returned", "returned", "returned", "returned", "unknown", "failed"] as const);
    return {
      ...call,
      process,
      key: `key ${random.below(keys)}`,
      calledAt,
      outcome,
      returnedAt: outcome === "unknown" ? Number.POSITIVE_INFINITY : calledAt + random.below(operations),
      output: outcome === "returned" ? subject.guess(random, call) : null,
    };
  });
}

/** The history with one thing changed: an output, a time or an outcome. */
export function mutated<State>(
  subject: Subject<State>,
  random: SeededRandom,
  history: readonly Operation[],
): Operation[] {
  const index = random.below(history.length);
  return history.map((operation, at) => {
    if (at !== index || operation.outcome !== "returned") return operation;
    const { calledAt, returnedAt } = operation;
    const moved = random.between(-6, 6);
    return random.pick<Operation>([
      { ...operation, output: subject.guess(random, operation) },
      { ...operation, calledAt: calledAt + moved, returnedAt: returnedAt + moved },
      { ...operation, outcome: "failed", output: null },
      { ...operation, returnedAt: calledAt },
    ]);
  });
}
