import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Step } from "./harness/index.ts";

const redis = requireService("redis");
const id = "0123456789".repeat(4);

/** A server without a cluster answers all of these with the same error. */
const commands: readonly Step[] = [
  ["CLUSTER", "ADDSLOTS", 1],
  ["CLUSTER", "ADDSLOTSRANGE", 1, 2],
  ["CLUSTER", "BUMPEPOCH"],
  ["CLUSTER", "COUNT-FAILURE-REPORTS", id],
  ["CLUSTER", "COUNTKEYSINSLOT", 1],
  ["CLUSTER", "DELSLOTS", 1],
  ["CLUSTER", "DELSLOTSRANGE", 1, 2],
  ["CLUSTER", "FAILOVER"],
  ["CLUSTER", "FLUSHSLOTS"],
  ["CLUSTER", "FORGET", id],
  ["CLUSTER", "GETKEYSINSLOT", 1, 10],
  ["CLUSTER", "INFO"],
  ["CLUSTER", "KEYSLOT", "key"],
  ["CLUSTER", "LINKS"],
  ["CLUSTER", "MEET", "127.0.0.1", 7000],
  ["CLUSTER", "MYID"],
  ["CLUSTER", "NODES"],
  ["CLUSTER", "REPLICAS", id],
  ["CLUSTER", "REPLICATE", id],
  ["CLUSTER", "RESET"],
  ["CLUSTER", "SAVECONFIG"],
  ["CLUSTER", "SET-CONFIG-EPOCH", 1],
  ["CLUSTER", "SETSLOT", 1, "STABLE"],
  ["CLUSTER", "SHARDS"],
  ["CLUSTER", "SLAVES", id],
  ["CLUSTER", "SLOTS"],
  ["READONLY"],
  ["READWRITE"],
  ["ASKING"],
];

describe.skipIf(redis.missing)(`CLUSTER without a cluster${redis.reason}`, () => {
  test("is disabled", () => expectSame(commands));

  test("still checks subcommands and their numbers of arguments", () =>
    expectSame([["CLUSTER"], ["CLUSTER", "NOSUCH"], ["CLUSTER", "SLOTS", 1], ["CLUSTER", "KEYSLOT"], ["READONLY", 1]]));

  // Without a cluster, redis-server refuses even this.
  test("has HELP", () =>
    expectSame([
      { command: ["CLUSTER", "HELP"], compare: (ours, theirs) => ours.sign === "*" && theirs.sign === "-" },
    ]));
});
