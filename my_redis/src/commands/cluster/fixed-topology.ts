import { type Command, command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { joinedCluster } from "./joined-cluster.ts";

/** How Redis changes a cluster. Here the members follow from redis.conf, and the owners of slots from the members. */
const operations: readonly { name: string; arity: number; complexity?: string; since?: string; usage?: string }[] = [
  {
    name: "ADDSLOTS",
    arity: -3,
    complexity: "O(N) where N is the total number of hash slot arguments",
    usage: "<slot> [<slot> ...]",
  },
  {
    name: "ADDSLOTSRANGE",
    arity: -4,
    complexity: "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
    since: "7.0.0",
    usage: "<start slot> <end slot> [<start slot> <end slot> ...]",
  },
  { name: "BUMPEPOCH", arity: 2 },
  {
    name: "DELSLOTS",
    arity: -3,
    complexity: "O(N) where N is the total number of hash slot arguments",
    usage: "<slot> [<slot> ...]",
  },
  {
    name: "DELSLOTSRANGE",
    arity: -4,
    complexity: "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
    since: "7.0.0",
    usage: "<start slot> <end slot> [<start slot> <end slot> ...]",
  },
  { name: "FAILOVER", arity: -2, usage: "[FORCE|TAKEOVER]" },
  { name: "FLUSHSLOTS", arity: 2 },
  { name: "FORGET", arity: 3, usage: "<node-id>" },
  { name: "MEET", arity: -4, usage: "<ip> <port> [<bus-port>]" },
  { name: "REPLICATE", arity: 3, usage: "<node-id>" },
  {
    name: "RESET",
    arity: -2,
    complexity: "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
    usage: "[HARD|SOFT]",
  },
  { name: "SAVECONFIG", arity: 2 },
  { name: "SET-CONFIG-EPOCH", arity: 3, usage: "<epoch>" },
  { name: "SETSLOT", arity: -4, usage: "<slot> (IMPORTING|MIGRATING|STABLE|NODE) [<node-id>]" },
];

/** Commands that are refused with a word on what to do instead. */
export const fixedTopology: readonly Command[] = operations.map(({ name, arity, complexity, since, usage }) =>
  command({
    name,
    group: "cluster",
    since: since ?? "3.0.0",
    complexity: complexity ?? "O(1)",
    summary: "Refused: the owners of hash slots follow from self and peers in redis.conf.",
    flags: name === "RESET" ? ["admin", "noscript", "stale"] : ["admin", "stale", "no_async_loading"],
    ...(usage === undefined ? {} : { usage }),
    arity,
    run(context) {
      joinedCluster(context);
      throw new CommandError(
        `ERR CLUSTER ${name} is not possible: nodes are joined by self and peers in redis.conf, and own hash slots by consistent hashing`,
      );
    },
  }),
);
