import { type Command, command, type CommandDefinition } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { joinedCluster } from "./joined-cluster.ts";

type Operation = Pick<CommandDefinition, "name"> & Partial<CommandDefinition>;

const oneByOne = "O(N) where N is the total number of hash slot arguments";
const rangeByRange = "O(N) where N is the total number of the slots between the start slot and end slot arguments.";
const rangesUsage = "<start slot> <end slot> [<start slot> <end slot> ...]";

/**
 * Redis's commands that change a cluster by hand. They are refused: the ring assigns hash slots to its members, by the
 * names in redis.conf or by what its nodes agree on.
 */
const operations: readonly Operation[] = [
  { name: "ADDSLOTS", complexity: oneByOne, syntax: "slot:integer..." },
  {
    name: "ADDSLOTSRANGE",
    since: "7.0.0",
    complexity: rangeByRange,
    syntax: "{start-slot:integer end-slot:integer}...",
    usage: rangesUsage,
  },
  { name: "BUMPEPOCH", brief: true, tips: ["nondeterministic_output"] },
  { name: "DELSLOTS", complexity: oneByOne, syntax: "slot:integer..." },
  {
    name: "DELSLOTSRANGE",
    since: "7.0.0",
    complexity: rangeByRange,
    syntax: "{start-slot:integer end-slot:integer}...",
    usage: rangesUsage,
  },
  { name: "FLUSHSLOTS", brief: true },
  {
    name: "RESET",
    complexity: "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
    syntax: "[HARD | SOFT]",
    flags: ["admin", "noscript", "stale"],
  },
  { name: "SAVECONFIG", brief: true },
  { name: "SET-CONFIG-EPOCH", brief: true, syntax: "config-epoch:integer", usage: "<epoch>" },
  {
    name: "SETSLOT",
    brief: true,
    syntax: "slot:integer (IMPORTING=node-id | MIGRATING=node-id | NODE=node-id | STABLE)",
    usage: "<slot> (IMPORTING|MIGRATING|STABLE|NODE) [<node-id>]",
  },
];

/** Commands that are refused with a hint at the alternative. */
export const fixedTopology: readonly Command[] = operations.map((operation) =>
  command({
    group: "cluster",
    since: "3.0.0",
    complexity: "O(1)",
    summary: "Refused: a ring assigns hash slots to its nodes by itself.",
    flags: ["admin", "stale", "no_async_loading"],
    ...operation,
    name: `CLUSTER ${operation.name}`,
    run(context) {
      joinedCluster(context);
      throw new CommandError(
        `ERR CLUSTER ${operation.name} is not possible: a ring assigns hash slots to its nodes by itself. See CLUSTER RING`,
      );
    },
  }),
);
