import { expect, test } from "bun:test";
import { check, type Json, parseHistory, register } from "../index.ts";

/** A write of one value, and then a read of another one. */
const writeAndRead = (written: string, read: string): string => `
  {:process 0 :type :invoke :f :write :value ${written}}
  {:process 0 :type :ok :f :write :value ${written}}
  {:process 1 :type :invoke :f :read :value nil}
  {:process 1 :type :ok :f :read :value ${read}}`;

const verdictOf = (written: string, read: string): string =>
  check(parseHistory(writeAndRead(written, read), "jepsen-edn"), { model: register }).verdict;

const inputOf = (value: string): Json | undefined => parseHistory(writeAndRead(value, value), "jepsen-edn")[0]?.input;

test.each([
  ['{"a" 1}', '{"a" 2}'],
  ['{"a" 1}', "{:a 1}"],
  ["{1 1}", "{2 1}"],
  ["{1 1}", "{:1 1}"],
  ["{[1 2] 1}", "{(1 3) 1}"],
  ["{nil 1}", "{}"],
  ["{:a/b 1}", "{:b 1}"],
  ["#{1}", "[1]"],
  ["#{}", "{}"],
  ["#{1 2}", "#{1 3}"],
  ["[1 2]", "[2 1]"],
  [":a", '":a"'],
  ["a", '"a"'],
  ["1/2", '"1/2"'],
  ["1/2", "1/3"],
  ["9007199254740993", "9007199254740992"],
  ["9007199254740993", '"9007199254740993"'],
  ["-9007199254740993N", "9007199254740993N"],
  ["0.30000000000000004", "0.3"],
  ["0.12345678901234567891M", "0.12345678901234567892M"],
  ["[##Inf]", "[##NaN]"],
  ["[##Inf]", "[]"],
  ["##-Inf", "##Inf"],
  ["1e999", "2e999"],
  [String.raw`\a`, '"a"'],
  [String.raw`\a`, String.raw`\b`],
  ['#inst "2026"', '"2026"'],
  ['#inst "2026"', '#uuid "2026"'],
  [String.raw`"\\n"`, String.raw`"\n"`],
])("EDN: %s was written, so that %s cannot be read", (written, read) => {
  expect(verdictOf(written, read)).toBe("violation");
  expect(verdictOf(read, written)).toBe("violation");
  expect([verdictOf(written, written), verdictOf(read, read)]).toEqual(["ok", "ok"]);
});

test.each([
  ["#{1 2 [3]}", "#{[3] 2 1}"],
  ['{:a 1 "b" {:c 2 :d 3}}', '{"b" {:d 3, :c 2} :a 1}'],
  ["{#{1 2} 1}", "{#{2 1} 1}"],
  ["(1 2)", "[1 2]"],
  ["9007199254740993", "+9007199254740993N"],
  ["42N", "42"],
  [String.raw`\newline`, String.raw`\u000a`],
  [String.raw`\space`, String.raw`\o40`],
  [String.raw`"\u0041\o102\t"`, '"AB\t"'],
  ["7", "#_ 8 7"],
  ["[1]", "[#_ #_ 2 3 1 #_ {:a 4}]"],
  ["[1]", "[1 #_ #tag 2]"],
])("EDN: %s was written, so that %s may be read", (written, read) => expect(verdictOf(written, read)).toBe("ok"));

test("EDN: what JSON has not is written as an object", () => {
  expect(inputOf('[:a ":a" b 1/2 #{2 1} #inst "x" {"k" 1 :n 2 3 4} \\a 9007199254740993 ##NaN]')).toEqual([
    ":a",
    { "a string": ":a" },
    { "as EDN": "b" },
    { "as EDN": "1/2" },
    { "a set": [1, 2] },
    { "tagged inst": "x" },
    { '["k"]': 1, n: 2, "[3]": 4 },
    { "as EDN": "\\a" },
    { "as EDN": "9007199254740993" },
    { "as EDN": "##NaN" },
  ]);
});

test("EDN: brackets and quotes as characters, control characters, and long strings are read", () => {
  expect(inputOf(String.raw`[\" \( \] \; \\ \a]`)).toHaveLength(6);
  expect(inputOf('"\u001b[31m refused\r\n\\\\"')).toBe("\u001b[31m refused\r\n\\");
  const long = String.raw`\"x`.repeat(400_000);
  expect(inputOf(`"${long}"`)).toBe('"x'.repeat(400_000));
});

test("EDN: a form after #_ is discarded, also an event", () => {
  const discarded = writeAndRead("1", "7").replaceAll("{:process 1", "#_{:process 1");
  expect(parseHistory(discarded, "jepsen-edn")).toHaveLength(1);
});

test.each([
  ["hello (foo)", "line 1: hello is no operation; a history has maps such as {:process 0"],
  ["{:process 1 :type :ok :f :read}\n7", "line 1: 7 is no operation"],
  ["\n[{}\n{} #_]", 'line 3: "]" closes nothing'],
  ["\n\n#_", 'line 3: "#_" has no form after it'],
  ["#inst", 'line 1: "#inst" has no form after it'],
  [String.raw`"\q"`, String.raw`line 1: a text has "\\q"; after a backslash come t, r, n`],
  [String.raw`\abc`, String.raw`line 1: "\\abc" is no character`],
  ["\\", String.raw`line 1: "\\" is no character`],
  ['"a\\"', "a quote is open"],
  ["{:process 9007199254740993 :type :ok :f :read}", ":process is 9007199254740993; it must be a number"],
  ['; one\n"two\nlines"\n{:process}', "line 4: a map has a key without a value"],
])("EDN: %j is refused by name", (text, message) => expect(() => parseHistory(text, "jepsen-edn")).toThrow(message));
