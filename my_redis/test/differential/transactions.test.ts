import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Step } from "./harness/index.ts";
import { sameBytes, type Comparer } from "./harness/compare.ts";

/** Only the last reply of the transaction is compared. Those before describe the server itself. */
const lastItem: Comparer = (ours, theirs) => {
  const [one, other] = [ours.items?.at(-1), theirs.items?.at(-1)];
  return one !== undefined && other !== undefined && sameBytes(one, other);
};

const redis = requireService("redis");

describe.skipIf(redis.missing)(`transactions answer as redis-server does${redis.reason}`, () => {
  test("EXEC runs the queued commands, and returns their replies in order", () =>
    expectSame([
      ["MULTI"],
      ["SET", "k", "1"],
      ["INCR", "k"],
      ["GET", "k"],
      ["HSET", "k", "f", "v"],
      ["SELECT", "1"],
      ["SET", "other", "1"],
      ["SELECT", "0"],
      ["PING", "x"],
      ["EXEC"],
      ["GET", "k"],
      ["MULTI"],
      ["EXEC"],
    ]));

  test("commands of transactions are refused where they make no sense", () =>
    expectSame([
      ["EXEC"],
      ["DISCARD"],
      ["MULTI"],
      ["MULTI"],
      ["WATCH", "k"],
      ["EXEC"],
      ["MULTI", "x"],
      ["EXEC", "x"],
      ["DISCARD", "x"],
      ["WATCH"],
      ["UNWATCH", "x"],
      ["UNWATCH"],
    ]));

  test("a subcommand named RESET is queued, unlike the command RESET", () =>
    expectSame([["MULTI"], ["SLOWLOG", "RESET"], ["CONFIG", "RESETSTAT"], ["LATENCY", "RESET", "fork"], ["EXEC"]]));

  test("a command refused while queueing aborts the whole transaction", () =>
    expectSame([
      ["MULTI"],
      ["SET", "k", "1"],
      ["NOSUCH"],
      ["GET"],
      ["EXEC"],
      ["EXISTS", "k"],
      ["MULTI"],
      ["CONFIG", "NOSUCH"],
      ["PING"],
      ["EXEC"],
      ["PING"],
    ]));

  test("a command that fails while running does not stop the others", () =>
    expectSame([["SET", "s", "text"], ["MULTI"], ["INCR", "s"], ["SET", "t", "1"], ["EXEC"], ["GET", "t"]]));

  test("DISCARD drops the queued commands and the watched keys", () =>
    expectSame([
      ["WATCH", "k"],
      ["SET", "k", "0"],
      ["MULTI"],
      ["SET", "k", "1"],
      ["DISCARD"],
      ["GET", "k"],
      ["MULTI"],
      ["GET", "k"],
      ["EXEC"],
    ]));

  test("a watched key that another client changes fails the transaction", () =>
    expectSame([
      ["SET", "k", "0"],
      ["WATCH", "k", "other"],
      { on: 1, command: ["SET", "k", "1"] },
      ["MULTI"],
      ["SET", "k", "2"],
      ["EXEC"],
      ["GET", "k"],
      ["MULTI"],
      ["SET", "k", "3"],
      ["EXEC"],
      ["GET", "k"],
    ]));

  test("a watched key that its own client changes fails the transaction, too", () =>
    expectSame([["WATCH", "k"], ["SET", "k", "1"], ["MULTI"], ["GET", "k"], ["EXEC"]]));

  test("UNWATCH makes the transaction depend on nothing", () =>
    expectSame([["WATCH", "k"], ["SET", "k", "1"], ["UNWATCH"], ["MULTI"], ["GET", "k"], ["EXEC"]]));

  test("a change in another database does not affect a watched key", () =>
    expectSame([
      ["WATCH", "k"],
      { on: 1, command: ["SELECT", "1"] },
      { on: 1, command: ["SET", "k", "1"] },
      ["MULTI"],
      ["PING"],
      ["EXEC"],
    ]));

  test("a watched key that expires, is deleted or is flushed fails the transaction", () =>
    expectSame(
      [
        ["SET", "k", "1", "PX", "10"],
        ["WATCH", "k"],
        { waitMs: 30 },
        ["MULTI"],
        ["PING"],
        ["EXEC"],
        ["SET", "k", "1"],
        ["WATCH", "k"],
        { on: 1, command: ["DEL", "k"] },
        ["MULTI"],
        ["PING"],
        ["EXEC"],
        ["SET", "k", "1"],
        ["WATCH", "k"],
        { on: 1, command: ["FLUSHDB"] },
        ["MULTI"],
        ["PING"],
        ["EXEC"],
        ["WATCH", "k"],
        { on: 1, command: ["FLUSHALL"] },
        ["MULTI"],
        ["PING"],
        ["EXEC"],
      ],
      { compareData: false },
    ));

  test("a key that had expired when it was watched may be deleted without failing the transaction", () =>
    expectSame([
      ["SET", "k", "1", "PX", "1"],
      { waitMs: 10 },
      ["WATCH", "k"],
      { on: 1, command: ["EXISTS", "k"] },
      ["MULTI"],
      ["PING"],
      ["EXEC"],
    ]));

  test("SWAPDB and FLUSHDB affect a watched key only when it appears, disappears or changes", () => {
    const swapped = (before: readonly Step[], change: readonly string[] = ["SWAPDB", "0", "1"]): Step[] => [
      ["FLUSHALL"],
      ["SELECT", "0"],
      ...before,
      { waitMs: 10 },
      ["WATCH", "k"],
      { on: 1, command: change },
      ["MULTI"],
      ["PING"],
      ["EXEC"],
    ];
    const inOther = (...command: string[]): Step[] => [["SELECT", "1"], command, ["SELECT", "0"]];
    return expectSame([
      ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
      ...swapped([]),
      ...swapped([["SET", "k", "1"]]),
      ...swapped(inOther("SET", "k", "1")),
      ...swapped(inOther("SET", "k", "1", "PX", "1")),
      ...swapped([["SET", "k", "1", "PX", "1"]]),
      ...swapped([["SET", "k", "1", "PX", "1"], ...inOther("SET", "k", "1", "PX", "1")]),
      ...swapped([["SET", "k", "1", "PX", "1"], ...inOther("SET", "k", "1")]),
      ...swapped([["SET", "k", "1", "PX", "1"]], ["FLUSHDB"]),
      ...swapped([["SET", "k", "1", "PX", "1"]], ["DEL", "k"]),
      ["DEBUG", "SET-ACTIVE-EXPIRE", "1"],
    ]);
  });

  test("RESET ends a transaction, and QUIT a connection, at once", () =>
    expectSame([["MULTI"], ["SET", "k", "1"], ["RESET"], ["EXEC"], ["EXISTS", "k"]]));

  test("HELLO in a transaction changes the protocol of the following replies", () =>
    expectSame(
      [
        ["HSET", "h", "f", "v"],
        ["MULTI"],
        ["HGETALL", "h"],
        ["HELLO", "3"],
        ["HGETALL", "h"],
        { command: ["EXEC"], compare: lastItem },
      ],
      {
        protocols: [2],
      },
    ));
});
