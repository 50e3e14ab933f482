import { expect, test } from "bun:test";
import { propertySeed } from "../../tools/property-seed.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import {
  check,
  formatJsonLines,
  History,
  MalformedHistory,
  type Operation,
  parseHistory,
  parseJsonLines,
  register,
} from "../index.ts";
import { formatOf } from "../src/history/parse-history.ts";
import { linearizableHistory } from "./random-history.ts";
import { casRegister } from "./subjects.ts";

const random = new SeededRandom(propertySeed());
const someHistory = (): Operation[] =>
  linearizableHistory(casRegister, random, { operations: 40, processes: 5, keys: 1, lost: 0.2 });

test("a history that was written as JSON lines is read back the same", () => {
  for (let count = 0; count < 50; count++) {
    const history = someHistory();
    expect(parseJsonLines(formatJsonLines(history))).toEqual(history);
  }
  expect(formatJsonLines([])).toBe("");
});

test("the recorder keeps the order of calls and returns, and what is open is unknown", () => {
  const history = new History();
  const write = history.call({ process: 1, key: "x", kind: "write", input: 7 });
  const read = history.call({ process: "b", kind: "read" });
  read.returned(7);
  history.call({ process: 3, kind: "read" }).failed();
  const common = { key: "", kind: "read", input: null, output: null };
  expect(history.operations()).toEqual([
    {
      process: 1,
      key: "x",
      kind: "write",
      input: 7,
      output: null,
      outcome: "unknown",
      calledAt: 0,
      returnedAt: Infinity,
    },
    { ...common, process: "b", output: 7, outcome: "returned", calledAt: 1, returnedAt: 2 },
    { ...common, process: 3, outcome: "failed", calledAt: 3, returnedAt: 4 },
  ]);
  write.unknown();
  expect(() => write.returned()).toThrow(
    "write of process 1, called at 0: its outcome is unknown already, and cannot become returned",
  );
});

test.each([
  ["{", 'line 1: "{" is no JSON: '],
  ["\n[1]", "line 2: [1] is no JSON object"],
  ['{"kind":"read"}', "line 1: process is undefined; it must be a string or a number"],
  ['{"process":1,"kind":2}', "line 1: kind is 2; it must be a string"],
  ['{"process":1,"kind":"read","calledAt":"now"}', 'line 1: calledAt is "now"; it must be a number'],
  [
    '{"process":1,"kind":"read","calledAt":5,"returnedAt":4}',
    "line 1: returnedAt is 4; it must be a number from calledAt (5) on",
  ],
  [
    '{"process":1,"kind":"read","calledAt":5}',
    "line 1: returnedAt is undefined; it must be a number from calledAt (5) on",
  ],
  [
    '{"process":1,"kind":"read","calledAt":5,"outcome":"lost"}',
    'line 1: outcome is "lost"; it must be one of returned, unknown, failed',
  ],
  [
    '{"process":1,"kind":"read","calledAt":5,"outcome":"unknown","returnedAt":6}',
    "line 1: returnedAt is 6; it must be left out where the outcome is unknown",
  ],
  [
    '{"process":1,"kind":"read","calledAt":5,"outcome":"unknown","output":6}',
    "line 1: output is 6; it must be left out where the outcome is unknown",
  ],
  ['{"process":1,"kind":"read","called":5}', 'line 1: unknown field "called"; there are process, key, kind'],
])("the JSON line %s is refused by name", (text, message) => expect(() => parseJsonLines(text)).toThrow(message));

/** The same history as Jepsen writes it. */
function asEvents(
  history: readonly Operation[],
): { place: number; type: string; operation: Operation; value: string }[] {
  const ends = { returned: "ok", failed: "fail", unknown: "info" };
  return history
    .flatMap((operation) => {
      const { kind, input, output, outcome, calledAt, returnedAt } = operation;
      const value = JSON.stringify(input)?.replace("null", "nil").replace(",", " ") ?? "nil";
      const type = kind === "cas" && output === false ? "fail" : ends[outcome];
      const answer = kind === "read" && outcome === "returned" ? JSON.stringify(output).replace("null", "nil") : value;
      const call = { place: calledAt, type: "invoke", operation, value };
      return [call, { place: returnedAt, type, operation, value: outcome === "unknown" ? ":timed-out" : answer }];
    })
    .sort((left, right) => left.place - right.place || 0);
}

test("histories of Jepsen are read as they are meant, in EDN and as a log", () => {
  let answers = 0;
  for (let count = 0; count < 50; count++) {
    const history = someHistory();
    const events = asEvents(history).filter(({ type }) => type !== "info");
    const edn = events.map(
      ({ type, operation, value }) =>
        `{:process ${operation.process}, :type :${type}, :f :${operation.kind}, :value ${value}, :time ${count}}`,
    );
    const log = events.map(
      ({ type, operation, value }) =>
        `INFO  jepsen.util - ${operation.process}\t:${type}\t:${operation.kind}\t${value}`,
    );
    const outcomes = (operations: readonly Operation[]): unknown[] =>
      [...operations]
        .sort((left, right) => left.calledAt - right.calledAt)
        .map(({ process, kind, input, output, outcome }) => ({ process, kind, input, output, outcome }));
    // In EDN a "cas" that failed had no effect, and that is all. In a log it found another value.
    const isMismatch = ({ kind, output }: Operation): boolean => kind === "cas" && output === false;
    const inEdn = history.map((operation) =>
      isMismatch(operation) ? { ...operation, outcome: "failed" as const, output: null } : operation,
    );
    const fail = ({ kind, outcome }: Operation): boolean => kind === "cas" && outcome === "failed";
    const inLog = history.map((operation) =>
      fail(operation) ? { ...operation, outcome: "returned" as const, output: false } : operation,
    );
    expect(outcomes(parseHistory(`; a comment\n[${edn.join("\n")}]`, "jepsen-edn"))).toEqual(outcomes(inEdn));
    expect(outcomes(parseHistory(edn.join("\n"), "jepsen-edn"))).toEqual(outcomes(inEdn));
    expect(outcomes(parseHistory(`starting\n${log.join("\n")}\n`, "jepsen-log"))).toEqual(outcomes(inLog));
    expect(check(parseHistory(edn.join("\n"), "jepsen-edn"), { model: register }).verdict).toBe("ok");
    answers += inLog.filter(isMismatch).length;
  }
  expect(answers).toBeGreaterThan(0);
});

test("EDN may have tags, strings, nested values, and events of a nemesis", () => {
  const text = `#jepsen.history.Op{:process :nemesis, :type :info, :f :kill, :value nil}
    #jepsen.history.Op{:process 0, :type :invoke, :f :write, :value {:a [1 "b c" -2.5 :k]}, :error "x \\"y\\" }"}
    #jepsen.history.Op{:process 0, :type :info, :f :write, :value nil}
    ({:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value true})`;
  const history = parseHistory(text, "jepsen-edn");
  expect(history.map(({ input, output, outcome }) => ({ input, output, outcome }))).toEqual([
    { input: { a: [1, "b c", -2.5, ":k"] }, output: null, outcome: "unknown" },
    { input: null, output: true, outcome: "returned" },
  ]);
});

test.each([
  ["jepsen-edn", "{:process 0", 'line 1: "{" is not closed'],
  ["jepsen-edn", "[]\n)", 'line 2: ")" closes nothing'],
  ["jepsen-edn", "{:process}", "line 1: a map has a key without a value"],
  ["jepsen-edn", '\n"abc', "is no EDN: a quote is open"],
  ["jepsen-edn", "[".repeat(101), "line 1: forms lie more than 100 deep in each other"],
  ["jepsen-edn", "{:type :ok}", ":process is undefined; it must be a number"],
  ["jepsen-edn", "{:process 1 :type :ok}", ":f is undefined; it must be a keyword"],
  ["jepsen-edn", "{:process 1 :type :ok :f :read}", "process 1 ends with :ok what it has not called"],
  ["jepsen-edn", "{:process 1 :type :done :f :read}", "type is :done; it must be :invoke, :ok, :fail or :info"],
  ["jepsen-log", "nothing\n", 'line 2: no line has an event such as "jepsen.util - 0 :invoke :read nil"'],
  [
    "jepsen-log",
    "jepsen.util - 0 :invoke :read nil\njepsen.util - 0 :invoke :read nil",
    "line 2: process 0 calls again before the end of its call in line 1",
  ],
] as const)("%s: %j is refused by name", (format, text, message) => {
  expect(() => parseHistory(text, format)).toThrow(MalformedHistory);
  expect(() => parseHistory(text, format)).toThrow(message);
});

test("a file's format follows from the end of its name", () => {
  expect(["a.edn", "a.log", "a.jsonl"].map(formatOf)).toEqual(["jepsen-edn", "jepsen-log", "json-lines"]);
});
