import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSameLog } from "./harness/index.ts";

const redis = requireService("redis");
const far = 4_102_444_800;

describe.skipIf(redis.missing)(`the log equals redis-server's${redis.reason}`, () => {
  test("for SET with its options", () =>
    expectSameLog([
      ["set", "k", "plain"],
      ["SET", "k", "nx", "NX"],
      ["SET", "new", "nx", "nx"],
      ["SET", "k", "xx", "XX"],
      ["SET", "k", "v", "GET"],
      ["SET", "k", "v", "xx", "get", "GET"],
      ["SET", "k", "v", "GET", "KEEPTTL"],
      ["SET", "k", "v", "EX", "1000"],
      ["SET", "k", "v", "PX", "1000000", "XX"],
      ["SET", "k", "v", "EX", "1000", "GET"],
      ["SET", "k", "v", "EXAT", far],
      ["SET", "k", "v", "PXAT", far * 1000],
      ["SET", "k", "v", "PXAT", far * 1000, "GET", "XX"],
      ["SET", "k", "v", "KEEPTTL"],
      ["SETEX", "k", "1000", "v"],
      ["PSETEX", "k", "1000000", "v"],
      ["SETNX", "k", "v"],
      ["SETNX", "newer", "v"],
      ["GET", "k"],
      ["SET", "k", "v", "EX", "0"],
      ["SET", "k", "a\r\nb\0"],
    ]));

  test("for commands that read and change", () =>
    expectSameLog([
      ["SET", "k", "v"],
      ["GETSET", "k", "w"],
      ["GETSET", "new", "w"],
      ["GETDEL", "new"],
      ["GETDEL", "new"],
      ["GETEX", "k"],
      ["GETEX", "k", "EX", "1000"],
      ["GETEX", "k", "PX", "1000000"],
      ["GETEX", "k", "EXAT", far],
      ["GETEX", "k", "PXAT", far * 1000],
      ["GETEX", "k", "PERSIST"],
      ["GETEX", "k", "PERSIST"],
      ["GETEX", "k", "PXAT", "1"],
      ["MSET", "a", "1", "b", "2"],
      ["MSETNX", "a", "1", "c", "2"],
      ["MSETNX", "c", "1", "d", "2"],
    ]));

  test("for counting and changing in place", () =>
    expectSameLog([
      ["INCR", "k"],
      ["INCRBY", "k", "5"],
      ["DECRBY", "k", "2"],
      ["INCR", "none", "x"],
      ["INCRBYFLOAT", "k", "0.1"],
      ["INCRBYFLOAT", "new", "1e2"],
      ["INCR", "k"],
      ["APPEND", "k", "x"],
      ["SETRANGE", "k", "1", "y"],
      ["SETRANGE", "k", "1", ""],
    ]));

  test("for expiry", () =>
    expectSameLog([
      ["SET", "k", "v"],
      ["EXPIRE", "k", "1000"],
      ["EXPIRE", "k", "1000", "NX"],
      ["EXPIRE", "k", "2000", "xx", "gt"],
      ["PEXPIRE", "k", "500000"],
      ["EXPIREAT", "k", far],
      ["PEXPIREAT", "k", far * 1000 + 1],
      ["pexpireat", "k", far * 1000 + 2, "GT"],
      ["PERSIST", "k"],
      ["PERSIST", "k"],
      ["EXPIRE", "none", "5"],
      ["EXPIRE", "k", "-1"],
      ["SET", "k", "v"],
      ["PEXPIREAT", "k", "1"],
      ["SET", "past", "v", "PXAT", "1"],
      ["GET", "past"],
      ["EXISTS", "k"],
    ]));

  test("for commands on keys", () =>
    expectSameLog([
      ["MSET", "a", "1", "b", "2", "c", "3", "d", "4"],
      ["DEL", "a", "none"],
      ["DEL", "none"],
      ["UNLINK", "b"],
      ["RENAME", "c", "e"],
      ["RENAME", "e", "e"],
      ["RENAMENX", "d", "e"],
      ["RENAMENX", "d", "f"],
      ["COPY", "e", "g"],
      ["COPY", "e", "g"],
      ["COPY", "e", "g", "DB", "1", "REPLACE"],
      ["MOVE", "g", "1"],
      ["MOVE", "e", "1"],
      ["SELECT", "1"],
      ["SET", "x", "y"],
      ["SWAPDB", "0", "1"],
      ["SWAPDB", "0", "0"],
      ["FLUSHDB"],
      ["FLUSHDB", "ASYNC"],
      ["SELECT", "0"],
      ["TOUCH", "x"],
      ["FLUSHALL"],
      ["FLUSHALL", "SYNC"],
    ]));

  test("for commands on bits", () =>
    expectSameLog([
      ["SETBIT", "k", "7", "1"],
      ["SETBIT", "k", "7", "1"],
      ["SETBIT", "k", "100", "0"],
      ["SETBIT", "k", "100", "0"],
      ["BITOP", "NOT", "n", "k"],
      ["BITOP", "AND", "n", "none"],
      ["BITOP", "AND", "n", "none"],
      ["BITFIELD", "k", "GET", "u8", "0"],
      ["BITFIELD", "k", "SET", "u8", "0", "1"],
      ["BITFIELD", "k", "SET", "u8", "0", "2", "GET", "u4", "0"],
      ["BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", "6", "1"],
      ["BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", "6", "1"],
      ["BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", "1000", "9"],
    ]));

  test("for keys that are found expired: as separate entries when a command walks the database", () =>
    expectSameLog(
      [
        ["DEBUG", "SET-ACTIVE-EXPIRE", "0"],
        ...["a", "b", "c"].map((key) => ["SET", key, "v", "PXAT", "1"]),
        ["SCAN", "0", "COUNT", "100"],
        ...["d", "e", "f"].map((key) => ["SET", key, "v", "PXAT", "1"]),
        ["RANDOMKEY"],
        ...["g", "h", "i"].map((key) => ["SET", key, "v", "PXAT", "1"]),
        ["MGET", "g", "h", "i"],
      ],
      { anyOrder: true },
    ));
});
