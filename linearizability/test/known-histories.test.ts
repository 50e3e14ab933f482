import { expect, test } from "bun:test";
import { check, counter, History, type Json, list, type Model, register } from "../index.ts";

/** A step of a history: `process kind(input)` calls, and `process = output`, `process !` (failed), `process ?` (unknown) end. */
type Step = readonly [process: string, kind: string, input?: Json] | readonly [process: string, end: End];
interface End {
  readonly output?: Json;
  readonly outcome: "returned" | "failed" | "unknown";
}

const ok = (output: Json = null): End => ({ outcome: "returned", output });
const unknown: End = { outcome: "unknown" };
const failed: End = { outcome: "failed" };

function verdictOf(steps: readonly Step[], model: Model<never>): string {
  const history = new History();
  const open = new Map<string, ReturnType<History["call"]>>();
  for (const [process, what, input = null] of steps) {
    if (typeof what === "string") open.set(process, history.call({ process, kind: what, input }));
    else if (what.outcome === "returned") open.get(process)?.returned(what.output);
    else open.get(process)?.[what.outcome]();
  }
  return check(history.operations(), { model }).verdict;
}

/** One client's call that ends before anything else happens. */
const done = (process: string, kind: string, input: Json, end: End): Step[] => [
  [process, kind, input],
  [process, end],
];
const write = (process: string, value: Json, end = ok()): Step[] => done(process, "write", value, end);
const read = (process: string, value: Json): Step[] => done(process, "read", null, ok(value));
const cas = (process: string, from: Json, to: Json, end: End): Step[] => done(process, "cas", [from, to], end);

/** Each without a "cas" is decided by zones; the same with one that fails is decided by the search. */
const registers: readonly (readonly [name: string, verdict: string, steps: readonly Step[]])[] = [
  ["nothing at all", "ok", []],
  ["a read of the initial value", "ok", read("a", null)],
  ["a read after a write", "ok", [...write("a", 1), ...read("b", 1)]],
  ["a stale read", "violation", [...write("a", 1), ...write("a", 2), ...read("b", 1)]],
  ["a read of the initial value after a write", "violation", [...write("a", 1), ...read("b", null)]],
  ["a read of a value that nobody wrote", "violation", [...write("a", 1), ...read("b", 2)]],
  ["a read of a value that is written later", "violation", [...read("b", 1), ...write("a", 1)]],
  [
    "a read during a write that sees the new value",
    "ok",
    [["a", "write", 1], ...read("b", 1), ["a", ok()], ...read("b", 1)],
  ],
  [
    "reads during a write that see the new value and then the old one",
    "violation",
    [["a", "write", 1], ...read("b", 1), ...read("c", null), ["a", ok()]],
  ],
  [
    "concurrent reads during a write that see both values",
    "ok",
    [
      ["a", "write", 1],
      ["b", "read"],
      ["c", "read"],
      ["b", ok(1)],
      ["c", ok(null)],
      ["a", ok()],
    ],
  ],
  [
    "concurrent writes, of which the first one called stays",
    "ok",
    [["a", "write", 1], ...write("b", 2), ["a", ok()], ...read("c", 1)],
  ],
  [
    "two readers that see concurrent writes in different orders",
    "violation",
    [["a", "write", 1], ["b", "write", 2], ["a", ok()], ["b", ok()], ...read("c", 1), ...read("d", 2), ...read("c", 1)],
  ],
  ["a failed write that is read", "violation", [...write("a", 1, failed), ...read("b", 1)]],
  ["a failed write that is not read", "ok", [...write("a", 1, failed), ...read("b", null)]],
  ["an unknown write that is read later", "ok", [...write("a", 1, unknown), ...read("b", null), ...read("b", 1)]],
  ["an unknown write that is never read", "ok", [...write("a", 1, unknown), ...read("b", null), ...read("c", null)]],
  [
    "an unknown write that is read before and after another write",
    "violation",
    [...write("a", 1, unknown), ...read("b", 1), ...write("b", 2), ...read("b", 2), ...read("b", 1)],
  ],
  [
    "an unknown write that takes effect after later ones",
    "ok",
    [...write("a", 1, unknown), ...write("b", 2), ...read("b", 2), ...read("b", 1)],
  ],
  ["an unknown write that is read before its call", "violation", [...read("b", 1), ...write("a", 1, unknown)]],
];

for (const [name, verdict, steps] of registers) {
  test(`a register: ${name} is ${verdict}`, () => {
    expect(verdictOf(steps, register as Model<never>)).toBe(verdict);
    // A "cas" at the beginning that finds another value says nothing about the rest, but then there are no zones.
    expect(verdictOf([...cas("z", "absent", 0, ok(false)), ...steps], register as Model<never>)).toBe(verdict);
  });
}

const others: readonly (readonly [name: string, verdict: string, steps: readonly Step[], model: Model<never>])[] = [
  [
    "a compare-and-set that succeeds twice",
    "violation",
    [...write("a", 0), ...cas("a", 0, 1, ok(true)), ...cas("b", 0, 1, ok(true))],
    register as Model<never>,
  ],
  [
    "two compare-and-sets of which one fails",
    "ok",
    [...write("a", 0), ...cas("a", 0, 1, ok(true)), ...cas("b", 0, 1, ok(false))],
    register as Model<never>,
  ],
  [
    "a compare-and-set that fails although the value was there",
    "violation",
    [...write("a", 0), ...cas("b", 0, 1, ok(false))],
    register as Model<never>,
  ],
  [
    "an unknown compare-and-set that is read",
    "ok",
    [...write("a", 0), ...cas("b", 0, 1, unknown), ...read("c", 1)],
    register as Model<never>,
  ],
  [
    "an unknown compare-and-set whose old value was never there",
    "violation",
    [...write("a", 0), ...cas("b", 5, 1, unknown), ...read("c", 1)],
    register as Model<never>,
  ],
  [
    "an unknown compare-and-set that needs another unknown one",
    "ok",
    [...cas("a", null, 1, unknown), ...cas("b", 1, 2, unknown), ...read("c", 2)],
    register as Model<never>,
  ],
  [
    "a lost update",
    "violation",
    [
      ["a", "incr", 1],
      ["b", "incr", 1],
      ["a", ok(1)],
      ["b", ok(1)],
    ],
    counter as Model<never>,
  ],
  [
    "concurrent increments",
    "ok",
    [["a", "incr", 1], ["b", "incr", 2], ["a", ok(3)], ["b", ok(2)], ...done("c", "get", null, ok(3))],
    counter as Model<never>,
  ],
  [
    "an increment that is lost",
    "violation",
    [...done("a", "incr", 1, ok()), ...done("b", "incr", 1, ok()), ...done("c", "get", null, ok(1))],
    counter as Model<never>,
  ],
  [
    "an unknown increment that counts",
    "ok",
    [...done("a", "incr", 1, unknown), ...done("b", "get", null, ok(0)), ...done("b", "get", null, ok(1))],
    counter as Model<never>,
  ],
  [
    "unknown increments of which another two explain the first read than the first two that fit",
    "ok",
    [
      ...done("a", "incr", 1, unknown),
      ...done("b", "incr", 2, unknown),
      ...done("c", "incr", 3, unknown),
      ...done("d", "incr", 4, unknown),
      ...done("e", "get", null, ok(5)),
      ...done("e", "get", null, ok(6)),
    ],
    counter as Model<never>,
  ],
  [
    "an unknown increment that counts twice",
    "violation",
    [...done("a", "incr", 1, unknown), ...done("b", "get", null, ok(2))],
    counter as Model<never>,
  ],
  [
    "a counter that goes back",
    "violation",
    [...done("a", "incr", 1, unknown), ...done("b", "get", null, ok(1)), ...done("b", "get", null, ok(0))],
    counter as Model<never>,
  ],
  [
    "a list that is read in the order of appends",
    "ok",
    [...done("a", "append", "x", ok(1)), ...done("b", "append", "y", ok()), ...done("c", "read", null, ok(["x", "y"]))],
    list() as Model<never>,
  ],
  [
    "a list that lost an element",
    "violation",
    [...done("a", "append", "x", ok()), ...done("b", "append", "y", ok()), ...done("c", "read", null, ok(["y"]))],
    list() as Model<never>,
  ],
  [
    "a list with an element of an unknown append twice",
    "violation",
    [...done("a", "append", "x", unknown), ...done("c", "read", null, ok(["x", "x"]))],
    list() as Model<never>,
  ],
  [
    "a length that an unknown append explains",
    "ok",
    [...done("a", "append", "x", unknown), ...done("b", "append", "y", ok(2))],
    list() as Model<never>,
  ],
];

for (const [name, verdict, steps, model] of others) {
  test(`a ${model.name}: ${name} is ${verdict}`, () => expect(verdictOf(steps, model)).toBe(verdict));
}
