import { expect, test } from "bun:test";
import { check, counter, list, type Model, type Operation, register } from "../index.ts";
import { shrink } from "../src/counter-example/shrink.ts";
import { lost, returned } from "./operations.ts";

/** Any of 2^24 sums could be the one that was read. */
const hard = (key: string): Operation[] =>
  [
    ...Array.from({ length: 24 }, (_, index) => returned(index, "incr", 3 ** index, null, [index, 1_000 + index])),
    returned(99, "get", null, 2, [50, 60]),
  ].map((operation) => ({ ...operation, key }));
const wrong: Operation = { ...returned(0, "get", null, 7, [0, 1]), key: "wrong" };

/** A model on a clock of its own: each step takes a time. */
function timed<State>(
  model: Model<State>,
  stepMs: number,
): { model: Model<State>; nowMs: () => number; passed: () => number } {
  let now = 0;
  const step: Model<State>["step"] = (state, operation) => {
    now += stepMs;
    return model.step(state, operation);
  };
  return { model: { ...model, step }, nowMs: () => now, passed: () => now };
}

test("a key that takes all its time does not hide a violation in a later key", () => {
  const { model, nowMs, passed } = timed(counter, 1);
  const history = [...hard("a"), ...hard("b"), wrong, ...hard("c")];
  const verdict = check(history, { model, nowMs, timeLimitMs: 1_000 });
  expect(verdict).toMatchObject({ verdict: "violation", partition: "wrong" });
  expect(passed()).toBeLessThan(1_100);
});

test("a violation in an easy key is found soon, however long the hard ones may take", () => {
  const { model, nowMs, passed } = timed(counter, 1);
  const verdict = check([...hard("a"), ...hard("b"), wrong], { model, nowMs, timeLimitMs: 10_000_000 });
  expect(verdict).toMatchObject({ verdict: "violation", partition: "wrong" });
  expect(passed()).toBeLessThan(200_000);
});

test("keys that need less than their share of the time leave it to those that need more", () => {
  // As one key among ten it could take 1,000 steps.
  const long = Array.from({ length: 3_000 }, (_, index) => ({
    ...returned(1, "incr", 1, index + 1, [2 * index, 2 * index + 1]),
    key: "long",
  }));
  const short = Array.from({ length: 9 }, (_, key) => ({ ...returned(0, "get", null, 0, [0, 1]), key: `${key}` }));
  const { model, nowMs } = timed(counter, 1);
  expect(check([...long, ...short], { model, nowMs, timeLimitMs: 10_000 }).verdict).toBe("ok");
});

test("a verdict names the limits that were reached, and the keys", () => {
  const partitions = ["a", "b"];
  const history = [...hard("a"), ...hard("b")];
  const { model, nowMs, passed } = timed(counter, 1);
  const inTime = { verdict: "unknown", why: "no decision within timeLimitMs = 200", partitions } as const;
  expect(check(history, { model, nowMs, timeLimitMs: 200 })).toEqual(inTime);
  expect(passed()).toBeLessThan(300);
  const inSpace = { verdict: "unknown", why: "no decision with maxConfigurations = 20000", partitions } as const;
  expect(check(history, { model: counter, maxConfigurations: 20_000 })).toEqual(inSpace);
});

test("the clock is read within a step that looks at thousands of operations", () => {
  const history = Array.from({ length: 2_000 }, (_, index) => lost(index, "incr", index + 1, index));
  history.push(returned(1, "get", null, -1, [2_000, 2_001]));
  const { model, nowMs, passed } = timed(counter, 10);
  expect(check(history, { model, nowMs, timeLimitMs: 1_000 }).verdict).toBe("unknown");
  expect(passed()).toBeLessThan(1_500);
});

test("shrinking stops at its time limit, however many operations are left, and says so", () => {
  const count = 2_000;
  const history = Array.from({ length: count }, (_, index) => returned(1, "incr", 1, null, [2 * index, 2 * index + 1]));
  history.push(returned(1, "get", null, count - 1, [2 * count, 2 * count + 1]));
  const { model, nowMs } = timed(counter, 1);
  let looks = 0;
  const verdict = check(history, { model, nowMs: () => (looks++, nowMs()), shrinkTimeLimitMs: 1 });
  expect(verdict).toMatchObject({ verdict: "violation", counterExample: { isMinimal: false } });
  // Less than one look at the clock for each operation.
  expect(looks).toBeLessThan(count / 2);
});

test("a counter-example that is too hard to make smaller says that it may not be minimal", () => {
  const operations = Array.from({ length: 8 }, (_, index) => lost(index, "incr", 3 ** index, index));
  const gets = [returned(1, "get", null, -1, [100, 110]), returned(2, "get", null, -2, [101, 111])];
  const suspects = { operations: [...operations, ...gets], core: gets, witnesses: gets };
  const limits = { timeLimitMs: 1, nowMs: () => 0 };
  expect(shrink(suspects, counter, { ...limits, maxConfigurations: 1_000 })).toMatchObject({ isMinimal: true });
  // Eight unknown increments have 2^8 sums.
  expect(shrink(suspects, counter, { ...limits, maxConfigurations: 100 })).toMatchObject({
    core: gets,
    isMinimal: false,
  });
});

test("a search keeps no more states than it may", () => {
  const made = new Set<unknown>();
  const model = list();
  const counted: Model<unknown> = {
    ...(model as Model<unknown>),
    step(state, operation) {
      const after = model.step(state as never, operation);
      made.add(after);
      return after;
    },
  };
  const history = Array.from({ length: 24 }, (_, index) =>
    returned(index, "append", index, null, [index, 100 + index]),
  );
  history.push(returned(99, "read", null, ["none"], [50, 60]));
  const maxConfigurations = 30_000;
  const verdict = check(history, { model: counted, maxConfigurations });
  expect(verdict).toMatchObject({ verdict: "unknown", why: "no decision with maxConfigurations = 30000" });
  // There are as many configurations, which count, too.
  expect(made.size).toBeLessThan((maxConfigurations * 2) / 3);
});

test("reads that fit take effect at once: they need no memory, however many are open", () => {
  const reads = Array.from({ length: 40 }, (_, index) =>
    returned(index, "read", null, index % 8, [index, 1_000 + index]),
  );
  // Not unique, so that zones do not decide.
  const writes = Array.from({ length: 16 }, (_, index) =>
    returned(99, "write", index % 8, null, [100 + 2 * index, 101 + 2 * index]),
  );
  const last = returned(99, "read", null, "absent", [2_000, 2_001]);
  const verdict = check([...reads, ...writes, last], { model: register, maxConfigurations: 60 });
  expect(verdict.verdict).toBe("violation");
});

test("unknown operations that change nothing are not tried", () => {
  const history = Array.from({ length: 30 }, (_, index) => lost(index, "cas", [`absent ${index}`, index], index));
  const found = returned(99, "cas", ["also absent", 0], false, [100, 101]);
  const verdict = check([...history, found, returned(99, "read", null, "never", [102, 103])], {
    model: register,
    maxConfigurations: 10,
  });
  expect(verdict.verdict).toBe("violation");
});
