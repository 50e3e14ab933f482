import { afterAll, describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, expectSameLog, sameShape, type Step, type Word } from "./harness/index.ts";

const redis = requireService("redis");
const highest = "18446744073709551615";
/** Entries 1-0, 2-0 ... */
const entries = (key: Word, count: number): Word[][] =>
  Array.from({ length: count }, (_, at) => ["XADD", key, `${at + 1}-0`, "field", `value ${at}`]);
const nodes = (count: number): Word[] => ["CONFIG", "SET", "stream-node-max-entries", count];

describe.skipIf(redis.missing)(`streams answer as redis-server does${redis.reason}`, () => {
  afterAll(() => expectSame([nodes(100)]));

  test("XADD accepts ids of every form", () =>
    expectSame([
      ["XADD", "s", "1-1", "f", "v"],
      ["XADD", "s", "1-*", "f", "v"],
      ["XADD", "s", "2", "f", "v"],
      ["XADD", "s", "2-*", "f", "v", "g", "w"],
      ["XADD", "s", "9999999999999-5", "f", "v"],
      ["XADD", "s", "*", "f", "v"],
      ["XADD", "s", "9999999999999-*", "f", "v"],
      ["XADD", "zero", "0-*", "f", "v"],
      ["XADD", "loose", "01-007", "f", "v"],
      ["XADD", "loose", "+2-+3", "f", "v"],
      ["XADD", "loose", " 3", "f", "v"],
      ["XADD", "loose", "4--01", "f", "v"],
      ["XLEN", "s"],
      ["XLEN", "none"],
    ]));

  test("XADD refuses ids that are invalid or not greater than the last one", () =>
    expectSame([
      ["XADD", "s", "5-5", "f", "v"],
      ...["5-5", "5-4", "4", "0", "0-0", "", "x", "-", "+", "$", ">", "-1", "1-", "-1-1", "1-x", "1-2-3", "1-**"].map(
        (id) => ["XADD", "s", id, "f", "v"],
      ),
      ...[`${highest}0`, "18446744073709551616", "1-18446744073709551616", "5-*x", "*-5", "**"].map((id) => [
        ...["XADD", "s", id, "f", "v"],
      ]),
      ["XADD", "s", "4-*", "f", "v"],
      ["XADD", "new", "0-0", "f", "v"],
      ["EXISTS", "new"],
    ]));

  test("ids go up to 64 bits, and not beyond", () =>
    expectSame([
      ["XADD", "s", "18446744073709551614-18446744073709551614", "f", "v"],
      ...[1, 2, 3].map(() => ["XADD", "s", "*", "f", "v"]),
      ["XADD", "s", `${highest}-*`, "f", "v"],
      ["XADD", "s", `${highest}-${highest}`, "f", "v"],
      ["XADD", "s", "*", "f", "v"],
      ["XADD", "s", `${highest}-*`, "f", "v"],
      ["XADD", "s", "5", "f", "v"],
      ["XRANGE", "s", "-", "+"],
      ["XREVRANGE", "s", "+", "-", "COUNT", "2"],
      ["XRANGE", "s", highest, highest],
      ["XRANGE", "s", `(${highest}-0`, `(${highest}-${highest}`],
      ["XREAD", "STREAMS", "s", `${highest}-1`],
      ["XREAD", "STREAMS", "s", `${highest}-${highest}`],
      ["XDEL", "s", `${highest}-${highest}`],
      ["XADD", "s", "*", "f", "v"],
      ["XINFO", "STREAM", "s"],
      ["XADD", "far", "1-1", "f", "v"],
      ["XADD", "far", "4294967296-4294967295", "f", "v"],
      ["XADD", "far", "4294967296-4294967296", "f", "v"],
      ["XADD", "far", "9007199254740993-9007199254740993", "f", "v"],
      ["XADD", "far", `${highest}-0`, "f", "v"],
      ["XRANGE", "far", "4294967296-4294967296", "9007199254740993"],
      ["XREVRANGE", "far", "+", "-"],
    ]));

  test("XADD refuses incomplete pairs", () =>
    expectSame([
      ["XADD", "s", "*", "f"],
      ["XADD", "s", "*", "f", "v", "g"],
      ["XADD", "s", "*"],
      ["XADD", "s"],
      ["XADD", "s", "NOMKSTREAM", "*", "f"],
      ["XADD", "s", "MAXLEN", "5", "*", "f"],
      ["XADD", "s", "NOMKSTREAM", "LIMIT", "5"],
      ["XADD", "s", "NOMKSTREAM", "MAXLEN", "5"],
      ["XADD", "s", "NOMKSTREAM", "MAXLEN", "~", "5", "LIMIT", "0"],
      ["EXISTS", "s"],
    ]));

  test("XADD with NOMKSTREAM creates nothing", () =>
    expectSame([
      ["XADD", "s", "NOMKSTREAM", "1", "f", "v"],
      ["XADD", "s", "1", "f", "v"],
      ["XADD", "s", "NOMKSTREAM", "NOMKSTREAM", "2", "f", "v"],
      ["XADD", "none", "NOMKSTREAM", "0-0", "f", "v"],
    ]));

  test("fields of any number, of any bytes", () =>
    expectSame([
      ["XADD", "s", "1", "f", "v", "g", "w"],
      ["XADD", "s", "2", "g", "w", "f", "v"],
      ["XADD", "s", "3", "f", "v", "g", "w", "h", "x"],
      ["XADD", "s", "4", "f", "", "g", Uint8Array.of(0, 255, 13, 10)],
      ["XADD", "s", "5", "", ""],
      ["XADD", "s", "6", "12", "-300", "70000", "9223372036854775807"],
      ["XADD", "s", "7", "long", "x".repeat(5000)],
      ["XADD", "s", "8", ...Array.from({ length: 600 }, (_, at) => `word ${at}`)],
      ["XADD", "s", "9", "f", "v", "g", "w"],
      ["XRANGE", "s", "-", "+"],
      ["XREVRANGE", "s", "+", "-"],
      ["XINFO", "STREAM", "s"],
    ]));

  test("ranges, from either end", () =>
    expectSame([
      ...entries("s", 6),
      ["XADD", "s", "6-1", "f", "v"],
      ...[
        ["-", "+"],
        ["+", "-"],
        ["2", "4"],
        ["2-0", "4-0"],
        ["(2", "(4"],
        ["(2-0", "(4-0"],
        ["6", "6"],
        ["0", "0"],
        ["7", "+"],
        ["-", "(0-0"],
        [`(${highest}-${highest}`, "+"],
        ["(-", "+"],
        ["-", "(+"],
        ["(", "+"],
        ["x", "+"],
        ["-", "x"],
        ["1-*", "+"],
        ["$", "+"],
      ].flatMap(([from = "", to = ""]) => [
        ["XRANGE", "s", from, to],
        ["XREVRANGE", "s", to, from],
        ["XRANGE", "s", from, to, "COUNT", "2"],
        ["XREVRANGE", "s", to, from, "count", "1"],
      ]),
      ...["0", "-1", "x", "1.5", "9223372036854775808"].map((count) => ["XRANGE", "s", "-", "+", "COUNT", count]),
      ["XRANGE", "s", "-", "+", "COUNT"],
      ["XRANGE", "s", "-", "+", "x", "1"],
      ["XRANGE", "s", "-", "+", "COUNT", "1", "COUNT", "3"],
      ["XRANGE", "none", "-", "+"],
      ["XRANGE", "none", "-", "+", "COUNT", "0"],
      ["XRANGE", "none", "x", "+"],
      ["XREVRANGE", "none", "+", "-"],
    ]));

  test("deleting entries, and the stream's record of them", () =>
    expectSame([
      nodes(4),
      ...entries("s", 12),
      ["XDEL", "s", "3"],
      ["XDEL", "s", "3", "4", "99", "4"],
      ["XINFO", "STREAM", "s"],
      ["XDEL", "s", "1"],
      ["XINFO", "STREAM", "s"],
      ["XDEL", "s", "2"],
      ["XINFO", "STREAM", "s"],
      ["XRANGE", "s", "-", "+"],
      ["XREVRANGE", "s", "+", "-"],
      ["XDEL", "s", "12", "11", "10", "9"],
      ["XINFO", "STREAM", "s"],
      ["XREAD", "STREAMS", "s", "8"],
      ["XADD", "s", "11", "f", "v"],
      ["XADD", "s", "12-1", "f", "v"],
      ["XDEL", "s", "5", "6", "7", "8", "12-1"],
      ["XINFO", "STREAM", "s"],
      ["XDEL", "s", "x"],
      ["XDEL", "s", "5", "x"],
      ["XDEL", "none", "x"],
      ["XDEL", "s"],
      ["XADD", "s", "20", "f", "v"],
    ]));

  test("MAXLEN and MINID trim exactly, or whole nodes", () =>
    expectSame([
      nodes(5),
      ...entries("s", 40),
      ["XTRIM", "s", "MAXLEN", "~", "33"],
      ["XTRIM", "s", "MAXLEN", "33"],
      ["XTRIM", "s", "MAXLEN", "=", "32"],
      ["XINFO", "STREAM", "s"],
      ["XTRIM", "s", "MAXLEN", "~", "10", "LIMIT", "7"],
      ["XTRIM", "s", "MAXLEN", "~", "10", "LIMIT", "3"],
      ["XTRIM", "s", "MAXLEN", "~", "10", "LIMIT", "0"],
      ["XTRIM", "s", "LIMIT", "5", "MAXLEN", "~", "8"],
      ["XINFO", "STREAM", "s"],
      ["XTRIM", "s", "MINID", "~", "37"],
      ["XTRIM", "s", "MINID", "37"],
      ["XTRIM", "s", "MINID", "=", "38-1"],
      ["XTRIM", "s", "MINID", "0"],
      ["XINFO", "STREAM", "s"],
      ["XADD", "s", "MAXLEN", "1", "50", "f", "v"],
      ["XADD", "s", "MAXLEN", "~", "0", "51", "f", "v"],
      ["XADD", "s", "MINID", "51", "52", "f", "v"],
      ["XADD", "s", "NOMKSTREAM", "MINID", "~", "52", "LIMIT", "10", "53", "f", "v"],
      ["XADD", "s", "MAXLEN", "0", "54", "f", "v"],
      ["XLEN", "s"],
      ["XINFO", "STREAM", "s"],
      ["XADD", "s", "55", "f", "v"],
      ["XTRIM", "none", "MAXLEN", "0"],
    ]));

  test("invalid requests to trim", () =>
    expectSame([
      ...entries("s", 3),
      ...[
        ["MAXLEN"],
        ["MAXLEN", "x"],
        ["MAXLEN", "-1"],
        ["MAXLEN", "~"],
        ["MAXLEN", "="],
        ["MAXLEN", "=", "x"],
        ["MAXLEN", "~", "-1"],
        ["MAXLEN", "1", "MINID", "1"],
        ["MAXLEN", "1", "MAXLEN", "1"],
        ["MINID", "x"],
        ["MINID", "1-*"],
        ["MINID", "-"],
        ["LIMIT", "5"],
        ["LIMIT", "0"],
        ["MAXLEN", "1", "LIMIT", "5"],
        ["MAXLEN", "1", "LIMIT", "0"],
        ["MAXLEN", "~", "1", "LIMIT", "-5"],
        ["MAXLEN", "~", "1", "LIMIT", "x"],
        ["MAXLEN", "~", "1", "LIMIT"],
        ["x", "5"],
        ["NOMKSTREAM", "MAXLEN", "1"],
        ["MAXLEN", "1", "x"],
      ].flatMap((words) => [
        ["XTRIM", "s", ...words],
        ["XADD", "s", ...words, "9", "f", "v"],
      ]),
      ["XLEN", "s"],
    ]));

  test("XSETID sets the stream's last id and counters", () =>
    expectSame([
      ...entries("s", 3),
      ["XSETID", "s", "5-5"],
      ["XADD", "s", "5-5", "f", "v"],
      ["XADD", "s", "5-*", "f", "v"],
      ["XSETID", "s", "6", "ENTRIESADDED", "100", "MAXDELETEDID", "4-0"],
      ["XINFO", "STREAM", "s"],
      ["XSETID", "s", "6", "MAXDELETEDID", "0-0"],
      ["XSETID", "s", "6", "ENTRIESADDED", "9223372036854775807"],
      ["XINFO", "STREAM", "s"],
      ["XADD", "s", "7", "f", "v"],
      ["XINFO", "STREAM", "s"],
      ...[
        ["4-4"],
        ["x"],
        ["9", "ENTRIESADDED"],
        ["9", "ENTRIESADDED", "x"],
        ["9", "ENTRIESADDED", "-1"],
        ["9", "ENTRIESADDED", "2"],
        ["9", "ENTRIESADDED", "9223372036854775808"],
        ["9", "MAXDELETEDID", "x"],
        ["9", "MAXDELETEDID", "10"],
        ["9", "x"],
        ["9", "x", "y"],
        [],
      ].map((words) => ["XSETID", "s", ...words]),
      ["XSETID", "none", "1"],
      ["XINFO", "STREAM", "s"],
    ]));

  test("XREAD returns the entries after the ids", () =>
    expectSame([
      ...entries("s", 4),
      ["XADD", "t", "9", "f", "v"],
      ["XREAD", "STREAMS", "s", "0"],
      ["XREAD", "COUNT", "2", "STREAMS", "s", "t", "1", "0"],
      ["XREAD", "COUNT", "0", "STREAMS", "s", "2-0"],
      ["XREAD", "COUNT", "-3", "STREAMS", "s", "3"],
      ["XREAD", "COUNT", "1", "COUNT", "0", "STREAMS", "s", "0"],
      ["XREAD", "STREAMS", "s", "t", "4", "8"],
      ["XREAD", "STREAMS", "s", "4"],
      ["XREAD", "STREAMS", "s", "$"],
      ["XREAD", "STREAMS", "none", "s", "0", "0"],
      ["XREAD", "STREAMS", "none", "$"],
      ["XREAD", "BLOCK", "1", "STREAMS", "s", "0"],
      ["XREAD", "streams", "streams", "0"],
      ["XREAD", "STREAMS", "s", "s", "0", "3"],
    ]));

  test("invalid requests of XREAD", () =>
    expectSame(
      [
        [],
        ["STREAMS"],
        ["STREAMS", "s"],
        ["COUNT", "1", "s", "0"],
        ["COUNT", "x", "STREAMS", "s", "0"],
        ["COUNT", "STREAMS", "s", "0"],
        ["BLOCK", "x", "STREAMS", "s", "0"],
        ["BLOCK", "-1", "STREAMS", "s", "0"],
        ["BLOCK", "1.5", "STREAMS", "s", "0"],
        ["BLOCK", "9223372036854775808", "STREAMS", "s", "0"],
        ["GROUP", "g", "c", "STREAMS", "s", "0"],
        ["NOACK", "STREAMS", "s", "0"],
        ["x", "STREAMS", "s", "0"],
        ["STREAMS", "s", ">"],
        ["STREAMS", "s", "-"],
        ["STREAMS", "s", "x"],
        ["STREAMS", "s", "s", "0", "x"],
      ].map((words) => ["XREAD", ...words]),
    ));

  test("a stream remains without its last entry, and can be copied, renamed and deleted", () =>
    expectSame([
      nodes(3),
      ...entries("s", 8),
      ["XDEL", "s", "2", "8"],
      ["TYPE", "s"],
      ["OBJECT", "ENCODING", "s"],
      ["COPY", "s", "copy"],
      ["XADD", "copy", "9", "f", "v"],
      ["XDEL", "s", "7"],
      ["XINFO", "STREAM", "copy"],
      ["XINFO", "STREAM", "s"],
      ["RENAME", "copy", "other"],
      ["XTRIM", "other", "MAXLEN", "0"],
      ["XLEN", "other"],
      ["EXISTS", "other"],
      ["XADD", "other", "9", "f", "v"],
      ["UNLINK", "other"],
      ["XADD", "other", "1", "f", "v"],
    ]));

  test("values of another type", () =>
    expectSame([
      ["SET", "k", "v"],
      ...[
        ["XADD", "k", "1", "f", "v"],
        ["XADD", "k", "NOMKSTREAM", "0-0", "f", "v"],
        ["XLEN", "k"],
        ["XDEL", "k", "1"],
        ["XDEL", "k", "x"],
        ["XTRIM", "k", "MAXLEN", "1"],
        ["XRANGE", "k", "-", "+"],
        ["XRANGE", "k", "-", "x"],
        ["XRANGE", "k", "-", "+", "COUNT", "0"],
        ["XREVRANGE", "k", "+", "-"],
        ["XREAD", "STREAMS", "k", "0"],
        ["XREAD", "STREAMS", "none", "k", "0", "0"],
        ["XSETID", "k", "1"],
        ["XINFO", "STREAM", "k"],
        ["XINFO", "GROUPS", "k"],
        ["XINFO", "CONSUMERS", "k", "g"],
        ["XGROUP", "CREATE", "k", "g", "$"],
        ["XGROUP", "CREATE", "k", "g", "x", "MKSTREAM"],
        ["XGROUP", "DESTROY", "k", "g"],
        ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"],
        ["XACK", "k", "g", "1"],
        ["XPENDING", "k", "g"],
        ["XPENDING", "k", "g", "-", "+", "1"],
        ["XCLAIM", "k", "g", "c", "0", "1"],
        ["XAUTOCLAIM", "k", "g", "c", "0", "0"],
      ],
    ]));

  test("commands with too few or too many arguments", () =>
    expectSame(
      [
        ["XLEN", "s", "x"],
        ["XDEL", "s"],
        ["XTRIM", "s", "MAXLEN"],
        ["XRANGE", "s", "-"],
        ["XACK", "s", "g"],
        ["XSETID", "s"],
        ["XPENDING", "s"],
        ["XCLAIM", "s", "g", "c", "0"],
        ["XAUTOCLAIM", "s", "g", "c", "0"],
        ["XINFO"],
        ["XINFO", "x"],
        ["XINFO", "STREAM"],
        ["XINFO", "STREAM", "s", "x"],
        ["XINFO", "STREAM", "s", "FULL", "COUNT"],
        ["XINFO", "STREAM", "s", "FULL", "x", "1"],
        ["XINFO", "STREAM", "s", "FULL", "COUNT", "1", "x"],
        ["XINFO", "STREAM", "s", "FULL", "COUNT", "x"],
        ["XINFO", "GROUPS"],
        ["XINFO", "CONSUMERS", "s"],
        ["XINFO", "HELP", "x"],
        ["XGROUP"],
        ["XGROUP", "x", "s", "g"],
        ["XGROUP", "CREATE", "s", "g"],
        ["XGROUP", "HELP", "x"],
      ].flatMap((words) => [words, ["XADD", "s", "*"]]),
    ));

  test("HELP lists the subcommands", () =>
    expectSame([
      ["XINFO", "HELP"],
      ["XGROUP", "help"],
    ]));

  test("ids made from the clock never decrease", () =>
    expectSame(
      [
        ["XADD", "s", "*", "f", "v"],
        ["XADD", "s", "*", "f", "v"],
      ].map((command): Step => ({ command, compare: sameShape })),
      { compareData: false },
    ));

  test("the log states the resulting ids and lengths", () =>
    expectSameLog([
      ["XADD", "s", "1", "f", "v"],
      ["XADD", "s", "9999999999999-*", "f", "v"],
      ["xadd", "s", "*", "f", "v"],
      ["XADD", "s", "*", "f", "v"],
      ["XADD", "s", "MAXLEN", "~", "2", "*", "f", "v"],
      ["XADD", "s", "NOMKSTREAM", "MAXLEN", "~", "2", "LIMIT", "100", "*", "f", "v"],
      ["XADD", "s", "MINID", "~", "1-1", "*", "f", "v"],
      ["XADD", "s", "MAXLEN", "=", "4", "*", "f", "v"],
      ["XADD", "s", "MINID", "5", "9999999999999-100", "f", "v"],
      ["XADD", "none", "NOMKSTREAM", "*", "f", "v"],
      ["XADD", "s", "1", "f", "v"],
      ["XTRIM", "s", "MAXLEN", "~", "1"],
      ["XTRIM", "s", "MAXLEN", "3"],
      ["CONFIG", "SET", "stream-node-max-entries", "2"],
      ...entries("t", 7),
      ["XTRIM", "t", "MAXLEN", "~", "4"],
      ["XTRIM", "t", "MINID", "~", "5"],
      ["XADD", "t", "MAXLEN", "~", "0", "20", "f", "v"],
      ["XTRIM", "t", "MAXLEN", "~", "0"],
      ["XADD", "t", "MINID", "~", "30", "21", "f", "v"],
      ["XDEL", "t", "21", "99"],
      ["XDEL", "t", "99"],
      ["XSETID", "t", "50"],
      ["MULTI"],
      ["XADD", "t", "9999999999999-*", "f", "v"],
      ["XADD", "t", "*", "f", "v"],
      ["EXEC"],
    ]));
});
