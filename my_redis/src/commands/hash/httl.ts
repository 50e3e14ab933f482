import { command, type CommandDefinition, type Run } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { readFields } from "./field-arguments.ts";
import { readHash } from "../../collections/hash-key.ts";

const shared = {
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) for N fields.",
  syntax: "key FIELDS={numfields:integer field...}",
  flags: ["readonly", "fast"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

/**
 * For each field -2 when it is missing, -1 without an expiry, else the remaining time or the moment, in the given unit.
 */
const tellTimes =
  (unitMs: 1 | 1000, as: "remaining" | "moment"): Run =>
  (context, args, reply) => {
    const hash = readHash(context.database, args);
    const first = readFields(args, 2);
    const baseMs = as === "remaining" ? context.now : 0;
    reply.array(args.count - first);
    for (let index = first; index < args.count; index++) {
      const timeMs = hash?.timeOf(args.buffer, args.start(index), args.end(index));
      if (timeMs === undefined) reply.integer(-2);
      else if (timeMs === 0) reply.integer(-1);
      // HTTL rounds up to whole seconds, whereas TTL rounds to the nearest second.
      else reply.integer(Math.ceil((timeMs - baseMs) / unitMs));
    }
  };

export const httl = command({
  ...shared,
  name: "HTTL",
  summary: "Returns how many seconds are left until fields of a hash expire.",
  run: tellTimes(1000, "remaining"),
});

export const hpttl = command({
  ...shared,
  name: "HPTTL",
  summary: "Returns how many milliseconds are left until fields of a hash expire.",
  run: tellTimes(1, "remaining"),
});

export const hexpiretime = command({
  ...shared,
  name: "HEXPIRETIME",
  summary: "Returns the Unix time, in seconds, at which fields of a hash expire.",
  run: tellTimes(1000, "moment"),
});

export const hpexpiretime = command({
  ...shared,
  name: "HPEXPIRETIME",
  summary: "Returns the Unix time, in milliseconds, at which fields of a hash expire.",
  run: tellTimes(1, "moment"),
});
