import { command } from "../../dispatch/command.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { readDatabase } from "./database-number.ts";

export const swapDb = command({
  name: "SWAPDB",
  group: "server",
  since: "4.0.0",
  complexity: "O(N) with N being the number of clients that watch or wait for keys of the two databases",
  summary: "Exchanges the contents of two databases, for all clients at once.",
  syntax: "index1:integer index2:integer",
  flags: ["write", "fast"],
  categories: ["keyspace", "dangerous"],
  run({ keyspace }, args, reply) {
    // As in Redis, both numbers are parsed before either is checked for its range.
    args.integer(1, invalidFirst);
    args.integer(2, invalidSecond);
    // The other node would not find a key again.
    if (keyspace.isHidden !== undefined || keyspace.isLeaving !== undefined)
      throw new CommandError("ERR SWAPDB is not possible while slots move");
    const first = readDatabase(keyspace, args, 1, invalidFirst);
    keyspace.swap(first, readDatabase(keyspace, args, 2, invalidSecond));
    reply.ok();
  },
});

const invalidFirst = "ERR invalid first DB index";
const invalidSecond = "ERR invalid second DB index";
