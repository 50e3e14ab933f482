import { afterAll, describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, expectSameLog, type Step, type Word } from "./harness/index.ts";
import { sameGroups, sameInfo, samePending } from "./stream-replies.ts";

const redis = requireService("redis");
const entries = (key: Word, count: number): Word[][] =>
  Array.from({ length: count }, (_, at) => ["XADD", key, `${at + 1}-0`, "field", `value ${at}`]);
const read = (consumer: Word, ...words: Word[]): Word[] => [
  ...["XREADGROUP", "GROUP", "g", consumer],
  ...words,
  ...["STREAMS", "s", ">"],
];
const pending = (...words: Word[]): Step => ({ command: ["XPENDING", "s", "g", ...words], compare: samePending });
const info = (...words: Word[]): Step => ({ command: ["XINFO", ...words], compare: sameInfo });

describe.skipIf(redis.missing)(`consumer groups answer as redis-server does${redis.reason}`, () => {
  afterAll(() => expectSame([["CONFIG", "SET", "stream-node-max-entries", "100"]]));

  test("groups are created, moved and destroyed", () =>
    expectSame([
      ...entries("s", 3),
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATE", "s", "h", "$"],
      ["XGROUP", "CREATE", "s", "i", "2", "ENTRIESREAD", "2"],
      ["XGROUP", "CREATE", "new", "g", "$", "MKSTREAM"],
      ["XGROUP", "CREATE", "new", "h", "5-5", "mkstream", "entriesread", "-1"],
      ["XINFO", "GROUPS", "s"],
      ["XINFO", "GROUPS", "new"],
      ["XINFO", "STREAM", "new"],
      ...["1", "$", "0-0", "-", "+", "x"].flatMap((position) => [
        ["XGROUP", "SETID", "s", "g", position],
        ["XINFO", "GROUPS", "s"],
      ]),
      ["XGROUP", "SETID", "s", "g", "2", "ENTRIESREAD", "7"],
      ["XINFO", "GROUPS", "s"],
      ["XGROUP", "DESTROY", "s", "h"],
      ["XGROUP", "DESTROY", "s", "h"],
      ["XINFO", "GROUPS", "s"],
    ]));

  test("invalid requests for groups", () =>
    expectSame([
      ...entries("s", 1),
      ...[
        ["CREATE", "s", "g", "x"],
        ["CREATE", "s", "g", "-"],
        ["CREATE", "s", "g", "$", "x"],
        ["CREATE", "s", "g", "$", "MKSTREAM", "x"],
        ["CREATE", "s", "g", "$", "ENTRIESREAD"],
        ["CREATE", "s", "g", "$", "ENTRIESREAD", "x"],
        ["CREATE", "s", "g", "$", "ENTRIESREAD", "-2"],
        ["CREATE", "s", "g", "$", "MKSTREAM", "MKSTREAM", "MKSTREAM", "MKSTREAM"],
        ["CREATE", "none", "g", "$"],
        ["CREATE", "none", "g", "x", "MKSTREAM"],
        ["SETID", "s", "g", "$"],
        ["SETID", "none", "g", "$"],
        ["SETID", "s", "g", "$", "MKSTREAM"],
        ["DESTROY", "none", "g"],
        ["DESTROY", "s", "g"],
        ["CREATECONSUMER", "s", "g", "c"],
        ["CREATECONSUMER", "none", "g", "c"],
        ["DELCONSUMER", "s", "g", "c"],
        ["DELCONSUMER", "none", "g", "c"],
        ["x", "s", "g"],
      ].map((words) => ["XGROUP", ...words]),
      ["EXISTS", "none"],
    ]));

  test("each consumer receives its part of the new entries", () =>
    expectSame([
      ...entries("s", 6),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "COUNT", "2"),
      read("Bob", "COUNT", "1"),
      info("GROUPS", "s"),
      read("Alice"),
      read("Alice"),
      read("Bob", "BLOCK", "1"),
      pending(),
      pending("-", "+", "10"),
      info("CONSUMERS", "s", "g"),
      info("GROUPS", "s"),
      info("STREAM", "s", "FULL"),
      info("STREAM", "s", "FULL", "COUNT", "2"),
      info("STREAM", "s", "FULL", "COUNT", "0"),
      info("STREAM", "s", "FULL", "COUNT", "-1"),
      ["XADD", "s", "7", "f", "v"],
      read("Bob", "NOACK", "COUNT", "5"),
      pending(),
      info("GROUPS", "s"),
    ]));

  test("a consumer's history, with entries that were deleted since", () =>
    expectSame([
      ...entries("s", 5),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "COUNT", "4"),
      ["XDEL", "s", "2"],
      ...["0", "1", "2-0", "9", "18446744073709551615"].flatMap((id) => [
        ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", id],
        ["XREADGROUP", "GROUP", "g", "Alice", "COUNT", "1", "STREAMS", "s", id],
        ["XREADGROUP", "GROUP", "g", "Alice", "NOACK", "BLOCK", "0", "STREAMS", "s", id],
      ]),
      ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", "18446744073709551615-18446744073709551615"],
      ["XREADGROUP", "GROUP", "g", "Bob", "STREAMS", "s", "0"],
      pending("-", "+", "10"),
      info("STREAM", "s", "FULL"),
    ]));

  test("several streams at once", () =>
    expectSame([
      ...entries("s", 3),
      ...entries("t", 2),
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATE", "t", "g", "1"],
      ["XREADGROUP", "GROUP", "g", "Alice", "COUNT", "1", "STREAMS", "s", "t", ">", ">"],
      ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", "t", "0", ">"],
      ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "t", "s", ">", ">"],
      ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "t", "s", ">", ">"],
      ["XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "t", "none", ">", ">"],
    ]));

  test("invalid requests of XREADGROUP", () =>
    expectSame([
      ...entries("s", 1),
      ["XGROUP", "CREATE", "s", "g", "0"],
      ...[
        ["STREAMS", "s", "a", "b", "c"],
        ["GROUP", "g", "c", "STREAMS", "s", "$"],
        ["GROUP", "g", "c", "STREAMS", "s", "x"],
        ["GROUP", "g", "c", "STREAMS", "s", "-"],
        ["GROUP", "none", "c", "STREAMS", "s", ">"],
        ["GROUP", "g", "c", "STREAMS", "none", ">"],
        ["GROUP", "g", "c", "COUNT", "x", "STREAMS", "s", ">"],
        ["GROUP", "g", "c", "BLOCK", "x", "STREAMS", "s", ">"],
        ["GROUP", "g", "c", "BLOCK", "-1", "STREAMS", "s", ">"],
        ["GROUP", "g", "c", "x", "STREAMS", "s", ">"],
        ["COUNT", "1", "NOACK", "STREAMS", "s", ">"],
        ["GROUP", "g", "STREAMS", "s", "0", "0"],
      ].map((words) => ["XREADGROUP", ...words]),
      pending(),
    ]));

  test("acknowledging", () =>
    expectSame([
      ...entries("s", 4),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "COUNT", "2"),
      read("Bob"),
      ["XACK", "s", "g", "1", "3", "9", "1"],
      pending("-", "+", "10"),
      pending(),
      ["XACK", "s", "g", "2", "x"],
      ["XACK", "s", "g", "2", "4-0"],
      pending(),
      ["XACK", "s", "none", "1"],
      ["XACK", "none", "g", "1"],
      ["XACK", "none", "g", "x"],
    ]));

  test("pending entries, in every form of XPENDING", () =>
    expectSame([
      ...entries("s", 6),
      ["XGROUP", "CREATE", "s", "g", "0"],
      pending(),
      read("Bob", "COUNT", "1"),
      read("Alice", "COUNT", "3"),
      read("Carol"),
      pending(),
      ...[
        ["-", "+", "10"],
        ["-", "+", "2"],
        ["-", "+", "0"],
        ["-", "+", "-1"],
        ["(1", "(5", "10"],
        ["3", "4", "10"],
        ["+", "-", "10"],
        ["-", "+", "10", "Alice"],
        ["-", "+", "1", "Alice"],
        ["(2", "+", "10", "Alice"],
        ["-", "+", "10", "nobody"],
        ["IDLE", "0", "-", "+", "10"],
        ["IDLE", "-1", "-", "+", "10"],
        ["IDLE", "1000000", "-", "+", "10"],
        ["IDLE", "0", "-", "+", "10", "Carol"],
        ["-", "+", "10", "Alice", "x"],
        ["-", "+"],
        ["-"],
        ["-", "+", "x"],
        ["x", "+", "10"],
        ["-", "x", "10"],
        ["x", "+", "x"],
        ["-", "(0-0", "10"],
        ["(18446744073709551615-18446744073709551615", "+", "10"],
        ["IDLE", "x", "-", "+", "10"],
        ["IDLE", "0", "-", "+"],
        ["IDLE", "0", "-", "+", "10", "Alice", "x"],
      ].map((words) => pending(...words)),
      ["XPENDING", "s", "none"],
      ["XPENDING", "none", "g"],
      ["XPENDING", "none", "g", "-", "+", "10"],
    ]));

  test("claiming, with every option", () =>
    expectSame([
      ...entries("s", 6),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "COUNT", "5"),
      ["XDEL", "s", "2"],
      ...[
        ["Bob", "0", "1"],
        ["Bob", "0", "1", "1", "3"],
        ["Bob", "1000000", "4"],
        ["Bob", "-5", "4", "JUSTID"],
        ["Carol", "0", "2", "3"],
        ["Carol", "0", "6"],
        ["Carol", "0", "6", "FORCE"],
        ["Carol", "0", "9", "FORCE"],
        ["Carol", "0", "1", "IDLE", "5000", "JUSTID"],
        ["Bob", "4000", "1", "RETRYCOUNT", "7"],
        ["Bob", "0", "1", "RETRYCOUNT", "-1", "JUSTID"],
        ["Bob", "0", "1", "TIME", "1000", "RETRYCOUNT", "9223372036854775807"],
        ["Bob", "0", "1"],
        ["Bob", "0", "3", "TIME", "-5"],
        ["Bob", "0", "3", "TIME", "99999999999999"],
        ["Bob", "0", "3", "IDLE", "-5"],
        ["Bob", "0", "3", "LASTID", "50-0"],
        ["Bob", "0", "99", "LASTID", "60-0"],
        ["Bob", "0", "3", "LASTID", "10-0", "force", "justid"],
      ].flatMap((words) => [["XCLAIM", "s", "g", ...words], pending("-", "+", "10"), info("GROUPS", "s")]),
      ...[
        ["x", "1"],
        ["0", "x"],
        ["0", "1", "x"],
        ["0", "1", "-"],
        ["0", "1", "IDLE"],
        ["0", "1", "IDLE", "x"],
        ["0", "1", "TIME", "x"],
        ["0", "1", "RETRYCOUNT", "x"],
        ["0", "1", "RETRYCOUNT"],
        ["0", "1", "LASTID", "x"],
      ].map((words) => ["XCLAIM", "s", "g", "Bob", ...words]),
      ["XCLAIM", "s", "none", "Bob", "x", "1"],
      ["XCLAIM", "none", "g", "Bob", "0", "1"],
      info("CONSUMERS", "s", "g"),
    ]));

  test("XAUTOCLAIM of entries that have been pending for too long", () =>
    expectSame([
      ...entries("s", 8),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "COUNT", "7"),
      ["XDEL", "s", "3", "7"],
      ...[
        ["Bob", "0", "0", "COUNT", "2"],
        ["Bob", "0", "(1", "COUNT", "1", "JUSTID"],
        ["Bob", "0", "3", "COUNT", "2"],
        ["Bob", "0", "5-1", "JUSTID"],
        ["Bob", "0", "-"],
        ["Bob", "0", "+"],
        ["Bob", "-1", "0-0", "JUSTID", "COUNT", "100"],
        ["Bob", "1000000", "0"],
        ["Alice", "1000000", "0", "COUNT", "1"],
      ].flatMap((words) => [["XAUTOCLAIM", "s", "g", ...words], pending("-", "+", "10")]),
      ...[
        ["x", "0"],
        ["0", "x"],
        ["0", "(18446744073709551615-18446744073709551615"],
        ["0", "0", "COUNT"],
        ["0", "0", "COUNT", "0"],
        ["0", "0", "COUNT", "-1"],
        ["0", "0", "COUNT", "x"],
        ["0", "0", "COUNT", "9223372036854775807"],
        ["0", "0", "x"],
      ].map((words) => ["XAUTOCLAIM", "s", "g", "Bob", ...words]),
      ["XAUTOCLAIM", "s", "none", "Bob", "0", "0"],
      ["XAUTOCLAIM", "none", "g", "Bob", "0", "0"],
    ]));

  test("XAUTOCLAIM visits at most ten entries for each requested one", () =>
    expectSame([
      ...entries("s", 40),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice"),
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "0", "COUNT", "1"],
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "0", "COUNT", "3"],
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "35", "COUNT", "1"],
      ["XCLAIM", "s", "g", "Alice", "0", "12", "IDLE", "2000000"],
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "0", "COUNT", "1"],
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "11", "COUNT", "1"],
    ]));

  test("consumers are created, and deleted with their pending entries", () =>
    expectSame([
      ...entries("s", 4),
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "Carol"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "Carol"],
      read("Alice", "COUNT", "2"),
      read("Bob"),
      info("CONSUMERS", "s", "g"),
      ["XGROUP", "DELCONSUMER", "s", "g", "Alice"],
      ["XGROUP", "DELCONSUMER", "s", "g", "Alice"],
      ["XGROUP", "DELCONSUMER", "s", "g", "Carol"],
      read("Dave"),
      ["XADD", "s", "9", "f", "v"],
      read("Dave"),
      pending("-", "+", "10"),
      info("STREAM", "s", "FULL"),
      ["COPY", "s", "copy"],
      ["XACK", "s", "g", "3", "4", "9"],
      info("STREAM", "copy", "FULL"),
      ["XINFO", "CONSUMERS", "s", "none"],
      ["XINFO", "CONSUMERS", "none", "g"],
      ["XINFO", "GROUPS", "none"],
    ]));

  test("a group's progress, where entries were deleted or trimmed", () =>
    expectSame([
      ["CONFIG", "SET", "stream-node-max-entries", "3"],
      ...entries("s", 9),
      ["XGROUP", "CREATE", "s", "g", "0"],
      ["XGROUP", "CREATE", "s", "end", "$"],
      ["XGROUP", "CREATE", "s", "middle", "4"],
      ...[
        read("Alice", "COUNT", "2"),
        ["XTRIM", "s", "MAXLEN", "7"],
        read("Alice", "COUNT", "1"),
        ["XDEL", "s", "5"],
        read("Alice", "COUNT", "1"),
        ["XDEL", "s", "3"],
        read("Alice", "COUNT", "3"),
        ["XTRIM", "s", "MINID", "6"],
        read("Alice"),
        ["XADD", "s", "20", "f", "v"],
        ["XREADGROUP", "GROUP", "middle", "c", "STREAMS", "s", ">"],
        ["XDEL", "s", "6", "7", "8", "9", "20"],
        ["XADD", "s", "21", "f", "v"],
        read("Alice"),
      ].flatMap((command): Step[] => [command, { command: ["XINFO", "GROUPS", "s"], compare: sameGroups }]),
    ]));

  test("the log states the changes to pending entries", () =>
    expectSameLog([
      ...entries("s", 5),
      ["XGROUP", "CREATE", "s", "g", "0"],
      read("Alice", "NOACK", "COUNT", "1"),
      read("Alice", "NOACK", "COUNT", "1"),
      ["XREADGROUP", "GROUP", "g", "Bob", "NOACK", "STREAMS", "s", "0"],
      ["XCLAIM", "s", "g", "Bob", "0", "1-0", "2-0", "FORCE"],
      ["XCLAIM", "s", "g", "Carol", "0", "1-0", "FORCE", "IDLE", "5000", "RETRYCOUNT", "5", "LASTID", "3"],
      ["XCLAIM", "s", "g", "Carol", "0", "9", "LASTID", "4"],
      ["XCLAIM", "s", "g", "Carol", "0", "9", "LASTID", "4"],
      ["XDEL", "s", "2"],
      ["XCLAIM", "s", "g", "Carol", "0", "2-0"],
      ["XCLAIM", "s", "g", "Carol", "0", "3-0", "4-0", "FORCE", "JUSTID"],
      ["XDEL", "s", "3"],
      ["XAUTOCLAIM", "s", "g", "Bob", "0", "0", "COUNT", "2"],
      ["XAUTOCLAIM", "s", "g", "Bob", "0", "0", "JUSTID"],
      ["XAUTOCLAIM", "s", "g", "Bob", "1000000", "0"],
      ["XACK", "s", "g", "1", "99"],
      ["XACK", "s", "g", "1"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "Dave"],
      ["XGROUP", "CREATECONSUMER", "s", "g", "Dave"],
      ["XGROUP", "DELCONSUMER", "s", "g", "Bob"],
      ["XGROUP", "DELCONSUMER", "s", "g", "Bob"],
      ["XGROUP", "SETID", "s", "g", "$"],
      ["XGROUP", "DESTROY", "s", "none"],
      ["XGROUP", "DESTROY", "s", "g"],
      ["XGROUP", "CREATE", "new", "g", "$", "MKSTREAM"],
    ]));
});
