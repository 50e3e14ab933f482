import { expect, test } from "bun:test";
import { propertySeed } from "../../tools/property-seed.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { check, counter, type Json, type Model, type Operation, register } from "../index.ts";
import { linearizableHistory, mutated, type Subject } from "./random-history.ts";
import { anyCounter, anyList, casRegister, uniqueRegister } from "./subjects.ts";
import { lost, returned } from "./operations.ts";

const withoutZones: Model<Json> = { ...register, decide: () => undefined };
const any = (subject: unknown): Subject<never> => subject as Subject<never>;

for (const [name, make] of Object.entries({
  "registers with compare-and-set": () => any(casRegister),
  "registers with unique values": () => any(uniqueRegister()),
  counters: () => any(anyCounter),
  lists: () => any(anyList()),
})) {
  test(`a history of correct ${name} is linearizable, also with lost answers and late effects`, () => {
    const random = new SeededRandom(propertySeed());
    for (let count = 0; count < 60; count++) {
      const subject = make();
      const shape = {
        operations: random.between(1, 300),
        processes: random.between(1, 8),
        keys: random.between(1, 3),
        lost: 0.1,
      };
      const history = linearizableHistory(subject, random, shape);
      expect(history.length).toBeGreaterThan(0);
      expect(check(random.shuffled(history), { model: subject.model })).toEqual({ verdict: "ok" });
    }
  });
}

test("zones and search decide alike about registers with unique values", () => {
  const random = new SeededRandom(propertySeed());
  const found = { ok: 0, violation: 0, unknown: 0 };
  for (let count = 0; count < 1_500; count++) {
    const subject = uniqueRegister();
    const shape = { operations: random.between(1, 40), processes: random.between(1, 6), keys: 1, lost: 0.15 };
    let history = linearizableHistory(subject, random, shape);
    for (let changes = random.below(3); changes > 0; changes--) history = mutated(subject, random, history);
    const { verdict } = check(history, { model: register });
    expect(check(history, { model: withoutZones }).verdict).toBe(verdict);
    found[verdict]++;
  }
  expect(Math.min(found.ok, found.violation)).toBeGreaterThan(150);
});

test("hundreds of unknown outcomes that could explain a read are no explosion", () => {
  const history = Array.from({ length: 400 }, (_, index) => lost(index, "write", index % 50, index));
  // The "cas" keeps writes that nobody saw: each of them may be why it failed.
  history.push(returned(1000, "cas", ["absent", 0], false, [1000, 1001]));
  history.push(returned(1000, "read", null, 7, [1002, 1003]), returned(1000, "read", null, 7, [1004, 1005]));
  expect(check(history, { model: register, maxConfigurations: 1_000 }).verdict).toBe("ok");
  const never = [...history, returned(1000, "read", null, "never", [1006, 1007])];
  expect(check(never, { model: register, maxConfigurations: 1_000 }).verdict).toBe("violation");
});

test("equal increments that are open together are tried in one order", () => {
  const history = Array.from({ length: 40 }, (_, index) => returned(index, "incr", 1, null, [index, 100 + index]));
  expect(
    check([...history, returned(99, "get", null, 40, [50, 150])], { model: counter, maxConfigurations: 1_000 }).verdict,
  ).toBe("ok");
  expect(
    check([...history, returned(99, "get", null, 41, [50, 150])], { model: counter, maxConfigurations: 1_000 }).verdict,
  ).toBe("violation");
});

test("a history that is too hard gives no verdict, and names the limit", () => {
  // Any of 2^24 sums of different amounts could be the one that was read.
  const history = Array.from({ length: 24 }, (_, index) =>
    returned(index, "incr", 3 ** index, null, [index, 100 + index]),
  );
  history.push(returned(99, "get", null, 2, [50, 60]));
  const options = { model: counter, maxConfigurations: 5_000 };
  const why = "no decision with maxConfigurations = 5000";
  expect(check(history, options)).toEqual({ verdict: "unknown", why, partitions: [""] });
  let now = 0;
  const slow = { model: counter, timeLimitMs: 10, nowMs: () => now++ };
  expect(check(history, slow)).toMatchObject({ verdict: "unknown", why: "no decision within timeLimitMs = 10" });
});

test("a violation in one key is found although another key is too hard", () => {
  const hard = Array.from({ length: 24 }, (_, index) =>
    returned(index, "incr", 3 ** index, null, [index, 100 + index]),
  );
  hard.push(returned(99, "get", null, 2, [50, 60]));
  const wrong = { ...returned(0, "get", null, 7, [0, 1]), key: "wrong" };
  const verdict = check([...hard, wrong], { model: counter, maxConfigurations: 5_000 });
  expect(verdict).toMatchObject({ verdict: "violation", partition: "wrong", counterExample: { core: [wrong] } });
});

test("an operation that the model does not know, impossible times and wrong limits are refused by name", () => {
  const refused =
    (operation: Operation): (() => void) =>
    () =>
      void check([operation], { model: register });
  expect(refused(returned(1, "incr", 1, null, [4, 5]))).toThrow(
    'incr of process 1, called at 4: the register has no "incr"; it has read, write and cas',
  );
  expect(refused(returned(1, "cas", 1, true, [4, 5]))).toThrow("the input of cas is 1; it must be [from, to]");
  expect(refused(returned(1, "cas", [1, 2], null, [4, 5]))).toThrow(
    "the output of cas is null; it must be true or false",
  );
  expect(refused(returned(1, "read", null, 1, [4, 3]))).toThrow("it has the outcome returned and returned at 3");
  expect(refused(returned(1, "read", null, 1, [4, Number.POSITIVE_INFINITY]))).toThrow(
    "it must return at or after its call",
  );
  expect(() => check([], { model: register, timeLimitMs: 0 })).toThrow("timeLimitMs is 0; it must be a number above 0");
  expect(() => check([], { model: register, maxConfigurations: 1e9 })).toThrow(
    "maxConfigurations is 1000000000; it must be at most 50000000",
  );
});

test("a call and a return at the same time count as concurrent", () => {
  const write = returned(1, "write", 1, null, [0, 5]);
  expect(check([write, returned(2, "read", null, null, [5, 6])], { model: register }).verdict).toBe("ok");
  expect(check([write, returned(2, "read", null, null, [5.1, 6])], { model: register }).verdict).toBe("violation");
});

test("a model of one's own may have several keys in an operation, and partitions of its own", () => {
  const pairs: Model<string> = {
    name: "pairs",
    initial: "0,0",
    step: (state, { kind, input, output }) =>
      kind === "set" ? (input as string) : state === output ? state : undefined,
    identity: (state) => state,
    problem: () => undefined,
    partition: ({ key }) => key.split("/")[0] as string,
  };
  const set = { ...returned(1, "set", "1,1", null, [0, 1]), key: "x/a" };
  const torn = { ...returned(2, "get", null, "1,0", [0, 1]), key: "x/b" };
  expect(check([set, { ...torn, output: "1,1" }], { model: pairs }).verdict).toBe("ok");
  expect(check([set, torn], { model: pairs })).toMatchObject({ verdict: "violation", partition: "x" });
});

test("equal operations on different keys of one partition are not taken for each other", () => {
  const counters: Model<string> = {
    name: "counters",
    initial: "{}",
    step(state, { key, kind, output, outcome }) {
      const numbers = JSON.parse(state) as Record<string, number>;
      const number = numbers[key] ?? 0;
      if (kind === "incr") return JSON.stringify({ ...numbers, [key]: number + 1 });
      return outcome === "unknown" || output === number ? state : undefined;
    },
    identity: (state) => state,
    problem: () => undefined,
    partition: () => "all",
  };
  const incr = (key: string, at: number): Operation => ({ ...lost(at, "incr", null, at), key });
  const get = (key: string, output: Json, at: number): Operation => ({
    ...returned(9, "get", null, output, [at, at + 1]),
    key,
  });
  const history = [incr("a", 0), incr("b", 1), get("b", 1, 2), get("a", 0, 4)];
  expect(check(history, { model: counters }).verdict).toBe("ok");
  expect(check([...history, get("b", 2, 6)], { model: counters }).verdict).toBe("violation");
});
