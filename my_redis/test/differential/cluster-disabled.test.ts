import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { anything } from "./harness/compare.ts";
import { expectSame, type Step } from "./harness/index.ts";

const redis = requireService("redis");

/** Subcommands of CLUSTER with as many arguments as they need. */
const subcommands: readonly (readonly string[])[] = [
  ["ADDSLOTS", "1"],
  ["ADDSLOTSRANGE", "1", "2"],
  ["BUMPEPOCH"],
  ["COUNT-FAILURE-REPORTS", "x"],
  ["COUNTKEYSINSLOT", "1"],
  ["DELSLOTS", "1"],
  ["DELSLOTSRANGE", "1", "2"],
  ["FAILOVER"],
  ["FLUSHSLOTS"],
  ["FORGET", "x"],
  ["GETKEYSINSLOT", "1", "1"],
  ["INFO"],
  ["KEYSLOT", "k"],
  ["LINKS"],
  ["MEET", "127.0.0.1", "1"],
  ["MYID"],
  ["NODES"],
  ["REPLICAS", "x"],
  ["REPLICATE", "x"],
  ["RESET"],
  ["SAVECONFIG"],
  ["SET-CONFIG-EPOCH", "1"],
  ["SETSLOT", "1", "STABLE"],
  ["SHARDS"],
  ["SLAVES", "x"],
  ["SLOTS"],
];

describe.skipIf(redis.missing)(
  `a server that belongs to no cluster answers as redis-server does${redis.reason}`,
  () => {
    test("to every subcommand of CLUSTER", () =>
      expectSame([
        ...subcommands.map((words): Step => ["CLUSTER", ...words]),
        ["CLUSTER"],
        ["CLUSTER", "NOSUCH"],
        ["CLUSTER", "COUNTKEYSINSLOT"],
        ["CLUSTER", "KEYSLOT", "k", "x"],
        { command: ["CLUSTER", "HELP"], compare: anything },
      ]));

    test("to ASKING, READONLY and READWRITE", () =>
      expectSame([["ASKING"], ["READONLY"], ["READWRITE"], ["READONLY", "x"], ["GET", "k"]]));
  },
);
