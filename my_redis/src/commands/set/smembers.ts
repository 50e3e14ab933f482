import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import { readSet } from "../../collections/set-value.ts";

const shared = {
  group: "set",
} as const satisfies Partial<CommandDefinition>;

export const smembers = command({
  ...shared,
  name: "SMEMBERS",
  since: "1.0.0",
  complexity: "O(N) for a set of N members.",
  summary: "Gives all members of a set.",
  syntax: "key",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output_order"],
  run(context, args, reply) {
    const set = readSet(context.database, args);
    reply.set(set?.size ?? 0);
    set?.forEach(({ bytes, start, end }) => reply.bulk(bytes, start, end));
  },
});

export const scard = command({
  ...shared,
  name: "SCARD",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Gives the number of members of a set.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    reply.integer(readSet(context.database, args)?.size ?? 0);
  },
});

export const sismember = command({
  ...shared,
  name: "SISMEMBER",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Returns 1 if a set has a member, otherwise 0.",
  syntax: "key member",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    const set = readSet(context.database, args);
    reply.integer(set?.has(args.buffer, args.start(2), args.end(2)) === true ? 1 : 0);
  },
});

export const smismember = command({
  ...shared,
  name: "SMISMEMBER",
  since: "6.2.0",
  complexity: "O(N) for N members that are asked for.",
  summary: "Returns 1 or 0 for each given member: whether a set has it.",
  syntax: "key member...",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const set = readSet(context.database, args);
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      reply.integer(set?.has(args.buffer, args.start(index), args.end(index)) === true ? 1 : 0);
    }
  },
});
