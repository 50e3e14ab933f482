import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame } from "./harness/index.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`commands of replication answer as redis-server's${redis.reason}`, () => {
  test("to REPLICAOF and SLAVEOF on a primary", () =>
    expectSame([
      ["REPLICAOF", "NO", "ONE"],
      ["SLAVEOF", "no", "one"],
      ["REPLICAOF", "127.0.0.1", "x"],
      ["REPLICAOF", "127.0.0.1", "-1"],
      ["REPLICAOF", "127.0.0.1", "65536"],
      ["REPLICAOF", "127.0.0.1"],
      ["MULTI"],
      ["REPLICAOF", "NO", "ONE"],
      ["EXEC"],
      ["EVAL", "return redis.pcall('REPLICAOF', 'NO', 'ONE')", "0"],
    ]));

  test("to REPLCONF of a client", () =>
    expectSame([
      ["REPLCONF"],
      ["REPLCONF", "capa"],
      ["REPLCONF", "capa", "eof", "capa", "psync2", "capa", "unknown"],
      ["REPLCONF", "listening-port", "7000"],
      ["REPLCONF", "listening-port", "x"],
      ["REPLCONF", "ip-address", "192.0.2.1"],
      ["REPLCONF", "ip-address", "x".repeat(300)],
      ["REPLCONF", "rdb-only", "0"],
      ["REPLCONF", "colour", "red"],
    ]));

  test("to PSYNC that is not well-formed", () =>
    expectSame([["PSYNC", "?"], ["MULTI"], ["PSYNC", "?", "-1"], ["EXEC"], ["SYNC", "x"]]));

  test("to FAILOVER without replicas", () =>
    expectSame([
      ["FAILOVER"],
      ["FAILOVER", "ABORT"],
      ["FAILOVER", "ABORT", "NOW"],
      ["FAILOVER", "TO", "127.0.0.1", "1"],
      ["FAILOVER", "TO", "127.0.0.1", "x"],
      ["FAILOVER", "TO", "127.0.0.1"],
      ["FAILOVER", "TIMEOUT", "0"],
      ["FAILOVER", "TIMEOUT", "x"],
      ["FAILOVER", "FORCE"],
      ["EVAL", "return redis.pcall('FAILOVER')", "0"],
    ]));

  test("to WAIT and ROLE without replicas", () =>
    expectSame([["ROLE"], ["WAIT", "0", "0"], ["WAIT", "1", "10"], ["MULTI"], ["WAIT", "1", "0"], ["EXEC"]]));
});
