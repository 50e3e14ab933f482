import { expect, test } from "bun:test";
import { check, counter, list, type Model, type Operation, parseHistory, register } from "../index.ts";

type Line = readonly [process: number, type: string, f: string, value: string];

const asEdn = (lines: readonly Line[]): string =>
  lines.map(([process, type, f, value]) => `{:process ${process} :type ${type} :f ${f} :value ${value}}\n`).join("");
const asLog = (lines: readonly Line[]): string =>
  lines.map((line) => `INFO  jepsen.util - ${line.join("\t")}\n`).join("");

const done = (process: number, f: string, called: string, ended: string): Line[] => [
  [process, ":invoke", f, called],
  [process, ":ok", f, ended],
];
const verdictOf = (lines: readonly Line[], model: unknown): string =>
  check(parseHistory(asEdn(lines), "jepsen-edn"), { model: model as Model<never> }).verdict;

test("an :ok with the value of its call is no answer, and with another value it is one", () => {
  const increments = [...done(0, ":incr", "1", "1"), ...done(0, ":incr", "1", "1")];
  expect(verdictOf([...increments, ...done(1, ":get", "nil", "2")], counter)).toBe("ok");
  expect(verdictOf([...increments, ...done(1, ":get", "nil", "3")], counter)).toBe("violation");
  expect(verdictOf([...increments, ...done(0, ":incr", "1", "2")], counter)).toBe("violation");
  const appends = [...done(0, ":append", "7", "7"), ...done(0, ":append", "8", "8")];
  expect(verdictOf([...appends, ...done(1, ":read", "nil", "[7 8]")], list())).toBe("ok");
  expect(verdictOf([...appends, ...done(1, ":read", "nil", "[8 7]")], list())).toBe("violation");
});

test("pairs of a key and a value are those of jepsen.independent, when a read is called with a key", () => {
  const writes = [...done(0, ":write", "[1 5]", "[1 5]"), ...done(0, ":write", "[:k 6]", "[:k 6]")];
  expect(verdictOf([...writes, ...done(1, ":read", "[1 nil]", "[1 5]")], register)).toBe("ok");
  const stale = [...writes, ...done(1, ":read", "[:k nil]", "[:k 5]")];
  expect(check(parseHistory(asEdn(stale), "jepsen-edn"), { model: register })).toMatchObject({ partition: '":k"' });
  const cas = [...writes, ...done(1, ":cas", "[1 [5 9]]", "[1 [5 9]]"), ...done(1, ":read", "[1 nil]", "[1 9]")];
  expect(verdictOf(cas, register)).toBe("ok");
  const counted = [...done(0, ":incr", "[1 1]", "[1 1]"), ...done(0, ":incr", "[1 1]", "[1 1]")];
  expect(verdictOf([...counted, ...done(1, ":get", "[1 nil]", "[1 2]")], counter)).toBe("ok");
  const lost: Line[] = [
    [2, ":invoke", ":write", "[1 8]"],
    [2, ":info", ":write", ":timed-out"],
  ];
  expect(verdictOf([...writes, ...lost, ...done(1, ":read", "[1 nil]", "[1 8]")], register)).toBe("ok");
});

test.each([
  [
    [...done(0, ":write", "5", "5"), ...done(1, ":read", "[1 nil]", "[1 5]")],
    "line 1: the value is 5; it must be [key",
  ],
  [done(1, ":read", "[1 nil]", "5"), "line 2: the value is 5; it must be a pair with the key of its call, 1"],
  [done(1, ":read", "[1 nil]", "[2 5]"), "line 2: the value is [2,5]; it must be a pair with the key of its call, 1"],
  [done(1, ":read", "[1 5]", "[1 5]"), "line 1: a read is called with [1,5]; it must be nil, or [key nil]"],
] as const)("values of which only some are pairs are refused (%#)", (lines, message) => {
  for (const [text, format] of [
    [asEdn(lines), "jepsen-edn"],
    [asLog(lines), "jepsen-log"],
  ] as const)
    expect(() => parseHistory(text, format)).toThrow(message);
});

test("a log may end its lines as Windows does, and have events without a value", () => {
  const lines = [...done(0, ":write", "1", "1"), ...done(1, ":read", "nil", "1")];
  const expected = parseHistory(asLog(lines), "jepsen-log");
  expect(expected).toHaveLength(2);
  expect(parseHistory(asLog(lines).replaceAll("\n", "\r\n"), "jepsen-log")).toEqual(expected);
  expect(parseHistory(asLog(lines).replace("\tnil", ""), "jepsen-log")).toEqual(expected);
  const nemesis = "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\nINFO  jepsen.util - 5 nodes\n";
  expect(parseHistory(nemesis + asLog(lines), "jepsen-log")).toEqual(expected);
});

test("a process may call again after :info, and then ends its second call", () => {
  const lines: Line[] = [[0, ":invoke", ":write", "1"], [0, ":info", ":write", "1"], ...done(0, ":write", "2", "2")];
  expect(parseHistory(asEdn(lines), "jepsen-edn")).toMatchObject([
    { input: 1, outcome: "unknown" },
    { input: 2, outcome: "returned" },
  ]);
});

test("after :info a log may have any words", () => {
  const text = 'jepsen.util - 0 :invoke :write 1\njepsen.util - 0 :info :write [1 connection \\q lost"';
  const [operation] = parseHistory(text, "jepsen-log") as [Operation];
  expect(operation).toMatchObject({ input: 1, outcome: "unknown" });
  expect(
    parseHistory("jepsen.util - 0 :info :start nil\njepsen.util - 1 :invoke :read nil", "jepsen-log"),
  ).toHaveLength(1);
});

test.each([
  ["jepsen.util - 0 :invoke", "line 1: process 0 has no function such as :read after :invoke"],
  ["jepsen.util - 0 :done :read 1", "line 1: type is :done; it must be :invoke, :ok, :fail or :info"],
  ["\njepsen.util - 0 :invoke :write {1}", "line 2: a map has a key without a value"],
])("the line %j of a log is refused by name", (text, message) =>
  expect(() => parseHistory(text, "jepsen-log")).toThrow(message),
);
