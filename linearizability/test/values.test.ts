import { expect, test } from "bun:test";
import { check, counter, type Json, list, type Model, type Operation, register } from "../index.ts";
import { valueIdentity } from "../src/models/value-identity.ts";

const operation = (kind: string, input: unknown, output: unknown, at: number): Operation => ({
  process: 1,
  key: "",
  kind,
  input: input as Json,
  output: output as Json,
  outcome: "returned",
  calledAt: at,
  returnedAt: at + 1,
});

class Money {
  readonly amount = 1;
}

test.each([
  [Number.NaN, "NaN, which is no JSON"],
  [[Number.POSITIVE_INFINITY], "Infinity, which is no JSON"],
  [1n, "bigint, which is no JSON"],
  [{ a: undefined }, "undefined, which is no JSON"],
  [new Map([[1, 2]]), "an object of a class, which is no JSON"],
  [[new Money()], "an object of a class, which is no JSON"],
  [JSON.parse("[".repeat(101) + "]".repeat(101)), "lies more than 100 deep in itself"],
] as const)("a value that is no JSON is refused (%#)", (value, problem) => {
  const message = `write of process 1, called at 0: the input `;
  expect(() => check([operation("write", value, null, 0)], { model: register })).toThrow(message);
  expect(() => check([operation("write", value, null, 0)], { model: register })).toThrow(problem);
  expect(() => check([operation("read", null, value, 0)], { model: register })).toThrow("called at 0: the output ");
});

test("objects without a prototype, and nested values, are JSON", () => {
  const value = Object.assign(Object.create(null), { a: JSON.parse("[".repeat(99) + "]".repeat(99)) }) as Json;
  const history = [operation("write", value, null, 0), operation("read", null, structuredClone(value), 2)];
  expect(check(history, { model: register }).verdict).toBe("ok");
});

test("values are equal whatever the order of fields, and a string is never equal to an object", () => {
  expect(valueIdentity({ a: 1, b: [{ d: 2, c: 3 }] })).toBe(valueIdentity({ b: [{ c: 3, d: 2 }], a: 1 }));
  const values = [
    [0],
    "\0json [0]",
    "\0text \0json [0]",
    "[0]",
    "\0text [0]",
    { "0": 0 },
    ["0"],
    [[0]],
    0,
    "0",
    false,
    null,
  ];
  expect(new Set(values.map(valueIdentity)).size).toBe(values.length);
});

test("a register may begin with another value", () => {
  const zero = { ...register, initial: 0 } as Model<Json>;
  const searched = { ...zero, decide: () => undefined };
  for (const model of [zero, searched]) {
    expect(check([operation("read", null, 0, 0)], { model }).verdict).toBe("ok");
    expect(check([operation("read", null, null, 0)], { model }).verdict).toBe("violation");
    const history = [operation("read", null, 0, 0), operation("write", 0, null, 2), operation("read", null, 0, 4)];
    expect(check(history, { model }).verdict).toBe("ok");
  }
});

test.each([
  [counter, operation("incr", 0.1, null, 0), "the input of incr is 0.1; it must be an integer"],
  [counter, operation("incr", 2 ** 53, null, 0), "the input of incr is 9007199254740992; it must be an integer"],
  [counter, operation("incr", 1, "1", 0), 'the output of incr is "1"; it must be an integer'],
  [counter, operation("get", null, null, 0), "the output of get is null; it must be an integer"],
  [list(), operation("append", 1, "1", 0), 'the output of append is "1"; it must be the new length, or null'],
] as const)("an input or output of another type than the model's is refused (%#)", (model, wrong, message) => {
  expect(() => check([wrong], { model: model as Model<never> })).toThrow(message);
});

test("a counter that goes beyond what a float holds is refused", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const history = [operation("incr", most, most, 0), operation("incr", null, most, 2)];
  expect(() => check(history, { model: counter })).toThrow(
    "the counter would be 9007199254740992; it must be within 2^53",
  );
});

test("a call without a finite time is refused", () => {
  for (const calledAt of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    const wrong = { ...operation("read", null, null, 0), calledAt };
    expect(() => check([wrong], { model: register })).toThrow("it must return at or after its call");
  }
});
