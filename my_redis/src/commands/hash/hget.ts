import { command } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import { replyValue, replyValues } from "./reply-values.ts";
import { readHash } from "../../collections/hash-key.ts";

export const hget = command({
  name: "HGET",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Gives the value of a field of a hash.",
  syntax: "key field",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    replyValue(reply, readHash(context.database, args)?.get(args.buffer, args.start(2), args.end(2)));
  },
});

export const hmget = command({
  name: "HMGET",
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for N fields.",
  summary: "Gives the values of fields of a hash, nil for missing fields.",
  syntax: "key field...",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    replyValues(readHash(context.database, args), args, 2, reply);
  },
});

export const hstrlen = command({
  name: "HSTRLEN",
  group: "hash",
  since: "3.2.0",
  complexity: "O(1)",
  summary: "Gives the length of the value of a field, in bytes.",
  syntax: "key field",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    const value = readHash(context.database, args)?.get(args.buffer, args.start(2), args.end(2));
    reply.integer(value === undefined ? 0 : value.end - value.start);
  },
});

export const hexists = command({
  name: "HEXISTS",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Returns 1 if a hash has a field, otherwise 0.",
  syntax: "key field",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    const value = readHash(context.database, args)?.get(args.buffer, args.start(2), args.end(2));
    reply.integer(value === undefined ? 0 : 1);
  },
});

export const hlen = command({
  name: "HLEN",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  summary: "Gives the number of fields of a hash.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    reply.integer(readHash(context.database, args)?.size ?? 0);
  },
});
