import type { Json, Model, Operation } from "../../linearizability/index.ts";
import { counter, list, register } from "../../linearizability/index.ts";
import type { SeededRandom } from "../../tools/seeded-random.ts";

/** A history to check: of `clients` clients that were all busy, with a share of lost answers. */
export interface Scene {
  readonly scene: string;
  readonly model: () => Model<never>;
  readonly keys: number;
  /** One in so many outcomes is unknown; 0: none. */
  readonly lostOneIn: number;
  /** The last read of the history is made wrong. */
  readonly isViolation?: boolean;
  call(random: SeededRandom, index: number): readonly [kind: string, input: Json];
  output(before: never, kind: string, input: Json, after: never): Json;
}

const clients = 100;
const asModel = (model: unknown) => model as Model<never>;

const uniqueRegister = {
  model: () => asModel(register),
  call: (random: SeededRandom, index: number) =>
    random.oneIn(2) ? (["write", index] as const) : (["read", null] as const),
  output: (before: Json, kind: string) => (kind === "read" ? before : null),
};
const casRegister = {
  model: () => asModel(register),
  call(random: SeededRandom) {
    const kind = random.pick(["read", "read", "write", "cas"]);
    const input = kind === "cas" ? [random.below(5), random.below(5)] : kind === "write" ? random.below(5) : null;
    return [kind, input] as const;
  },
  output: (before: Json, kind: string, input: Json) =>
    kind === "read" ? before : kind === "cas" ? before === (input as readonly Json[])[0] : null,
};
const increments = {
  model: () => asModel(counter),
  call: (random: SeededRandom) => (random.oneIn(2) ? (["incr", 1] as const) : (["get", null] as const)),
  output: (_: number, kind: string, input: Json, after: number) => (kind === "get" ? after : null),
};
const appends = {
  model: () => asModel(list()),
  call: (_: SeededRandom, index: number) => ["append", index] as const,
  output: (_: never, kind: string, input: Json, after: { readonly length: number }) => after.length,
};

export const scenes: readonly Scene[] = [
  { scene: "register, unique values, 1,000 keys", keys: 1_000, lostOneIn: 100, ...uniqueRegister },
  { scene: "register, unique values, 1 key", keys: 1, lostOneIn: 100, ...uniqueRegister },
  {
    scene: "register, unique values, 1 key, a violation",
    keys: 1,
    lostOneIn: 100,
    isViolation: true,
    ...uniqueRegister,
  },
  { scene: "register with compare-and-set, 1,000 keys", keys: 1_000, lostOneIn: 100, ...casRegister },
  { scene: "register with compare-and-set, 100 keys", keys: 100, lostOneIn: 100, ...casRegister },
  { scene: "counter, 1,000 keys", keys: 1_000, lostOneIn: 100, ...increments },
  { scene: "counter, 1 key", keys: 1, lostOneIn: 0, ...increments },
  { scene: "counter, 1,000 keys, a violation", keys: 1_000, lostOneIn: 100, isViolation: true, ...increments },
  { scene: "list, 1,000 keys", keys: 1_000, lostOneIn: 100, ...appends },
];

/** The history of a correct system: each operation takes effect at one moment between its call and its return. */
export function historyOf(scene: Scene, operations: number, random: SeededRandom): Operation[] {
  const model = scene.model();
  const states = new Map<string, never>();
  const history: Operation[] = [];
  const busy = new Map<number, { called: Operation; output: Json; hasEffect: boolean }>();
  let lastRead = -1;
  for (let time = 0; history.length < operations; time++) {
    const client = random.below(clients);
    const pending = busy.get(client);
    if (pending === undefined || pending.hasEffect) {
      if (pending !== undefined) {
        const { called, output } = pending;
        const isLost = scene.lostOneIn > 0 && random.oneIn(scene.lostOneIn);
        history.push(
          isLost ? { ...called, outcome: "unknown" } : { ...called, outcome: "returned", output, returnedAt: time++ },
        );
        if (!isLost && ["read", "get"].includes(called.kind)) lastRead = history.length - 1;
      }
      const [kind, input] = scene.call(random, time);
      const key = `key ${random.below(scene.keys)}`;
      const common = {
        key,
        kind,
        input,
        output: null,
        outcome: "unknown" as const,
        returnedAt: Number.POSITIVE_INFINITY,
      };
      busy.set(client, { called: { ...common, process: client, calledAt: time }, output: null, hasEffect: false });
    } else {
      const { called } = pending;
      const before = states.get(called.key) ?? model.initial;
      const after = model.step(before, called) as never;
      states.set(called.key, after);
      pending.output = scene.output(before, called.kind, called.input, after);
      pending.hasEffect = true;
    }
  }
  // What is still open may have taken effect.
  for (const { called } of busy.values()) history.push(called);
  if (scene.isViolation === true && lastRead >= 0)
    history[lastRead] = { ...(history[lastRead] as Operation), output: null };
  return history;
}
