import { command, type Run } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import * as record from "../../memory/record.ts";

const fields = {
  group: "generic",
  complexity: "O(1)",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: firstKey,
} as const;

/** -2 for a missing key, -1 for a key without an expiry, else the remaining time or the moment, in the given unit. */
const answer =
  (unitMs: number, as: "remaining" | "moment"): Run =>
  ({ database, keyspace: { heap }, now }, args, reply) => {
    const address = database.readUnmarked(args, 1);
    if (address === 0) {
      reply.integer(-2);
    } else if (!record.hasExpiry(heap, address)) {
      reply.integer(-1);
    } else {
      const atMs = record.expiryOf(heap, address);
      const shownMs = as === "moment" ? atMs : Math.max(0, atMs - now);
      const shown = unitMs === 1 ? shownMs : Math.floor((shownMs + unitMs / 2) / unitMs);
      if (Number.isSafeInteger(shown)) reply.integer(shown);
      else reply.int64(BigInt(shown));
    }
  };

export const ttl = command({
  ...fields,
  name: "TTL",
  since: "1.0.0",
  summary: "Returns how many seconds are left until a key expires.",
  tips: ["nondeterministic_output"],
  run: answer(1000, "remaining"),
});

export const pttl = command({
  ...fields,
  name: "PTTL",
  since: "2.6.0",
  summary: "Returns how many milliseconds are left until a key expires.",
  tips: ["nondeterministic_output"],
  run: answer(1, "remaining"),
});

export const expireTime = command({
  ...fields,
  name: "EXPIRETIME",
  since: "7.0.0",
  summary: "Returns the Unix time, in seconds, at which a key expires.",
  run: answer(1000, "moment"),
});

export const pexpireTime = command({
  ...fields,
  name: "PEXPIRETIME",
  since: "7.0.0",
  summary: "Returns the Unix time, in milliseconds, at which a key expires.",
  run: answer(1, "moment"),
});
