import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, expectSameGenerated, generatedTimeoutMs, type Step } from "./harness/index.ts";

const redis = requireService("redis");
const answered = (raw: string, replies = 1): Step => ({ raw, replies });
/** Bytes that lead to a protocol error and the end of the connection. */
const fatal = (raw: string): Step => ({ raw, replies: 1, closes: true });

describe.skipIf(redis.missing)(`requests are read as redis-server reads them${redis.reason}`, () => {
  test("inline commands, with quotes and escapes", () =>
    expectSame([
      answered("PING\r\n"),
      answered("PING\n"),
      answered("  PING  \r\n"),
      answered("\r\n\r\nPING\r\n"),
      answered("SET key value\r\n"),
      answered('SET "a key" "a \\"value\\"\\x41\\n"\r\n'),
      answered("GET 'a key'\r\n"),
      answered("SET 'it\\'s' ''\r\n"),
      answered("GET 'it\\'s'\r\n"),
      answered("PING\r\nPING\r\nECHO x\r\n", 3),
      answered("ECHO \u00ff\u0001\r\n"),
      answered("NONSENSE a b\r\n"),
      answered("GET\r\n"),
    ]));

  test("a zero byte hides the end of an inline command", () =>
    expectSame([{ raw: "PING\0\r\nPING\r\n", replies: 0, hangUp: true }]));

  test("requests without a command are ignored", () =>
    expectSame([answered("*0\r\n*-1\r\n\r\n*1\r\n$4\r\nPING\r\n"), answered("*-100\r\nPING\r\n")]));

  test("malformed requests are answered with a protocol error, and the connection is closed", () =>
    expectSame(
      [
        "*x\r\n",
        "*1x\r\n",
        "*\r\n",
        "*2147483648\r\n",
        "*9999999999999999999\r\n",
        "*+1\r\n",
        "* 1\r\n",
        "*01\r\n",
        "*1\r\n+PING\r\n",
        "*1\r\nPING\r\n",
        "*1\r\n\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n$x\r\n",
        "*1\r\n$\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$-5\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\n$99999999999999999999\r\n",
        "*1\r\n$04\r\nPING\r\n",
        "*2\r\n$3\r\nGET\r\n*1\r\n",
        'GET "unclosed\r\n',
        "GET 'unclosed\r\n",
        'GET "a"b\r\n',
        "x".repeat(65_537),
        `*${"1".repeat(65_537)}`,
        `*1\r\n$${"1".repeat(65_537)}`,
      ].map(fatal),
    ));

  test("commands before a malformed one are answered", () =>
    expectSame([{ raw: "PING\r\n*1\r\n$4\r\nPING\r\n*1\r\nx\r\nPING\r\n", replies: 3, closes: true }, ["PING"]]));

  test("unknown commands and wrong numbers of arguments are errors, with the client's bytes in them", () =>
    expectSame([
      ["NONSENSE"],
      ["nonsense", "a", "b c", ""],
      ["NONSENSE", "x".repeat(200), "y"],
      ["NONSENSE", ...Array.from({ length: 50 }, (_, at) => `argument${at}`)],
      ["x".repeat(200), "y"],
      ["", "a"],
      ["a\r\nb", "c\r\nd"],
      [Uint8Array.of(255, 0, 65), Uint8Array.of(1, 2, 128)],
      ["get"],
      ["Get", "a", "b"],
      ["GET\u0000", "a"],
    ]));

  test(
    "any bytes",
    () => {
      const piece = fc.oneof(
        fc.constantFrom(
          "PING",
          "*1\r\n$4\r\nPING\r\n",
          "*2\r\n$4\r\nECHO\r\n$2\r\nab\r\n",
          "\r\n",
          "\n",
          " ",
          '"',
          "'",
          "\\",
          "*1",
          "$4",
          "*0\r\n",
          "x",
        ),
        // Zero bytes are left out: in a line, Redis takes one for the end of the data and waits. MyRedis reports an
        // error at once.
        fc.uint8Array({ min: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
      );
      const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
      return expectSameGenerated({
        commands: [stream.map((raw): Step => ({ raw, replies: 0, hangUp: true }))],
        maxSteps: 5,
        runs: 100,
        protocols: [2],
        compareData: false,
      });
    },
    generatedTimeoutMs,
  );
});
