import { command } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import type { CommandDefinition } from "../../dispatch/command.ts";
import { ListCursor } from "./list-cursor.ts";
import { readList } from "../../collections/list-value.ts";

const shared = {
  group: "list",
  since: "1.0.0",
} as const satisfies Partial<CommandDefinition>;
const cursor = new ListCursor();

export const llen = command({
  ...shared,
  name: "LLEN",
  complexity: "O(1)",
  summary: "Gives the length of a list.",
  syntax: "key",
  flags: ["readonly", "fast"],
  keys: keyAt(1, "RO"),
  run(context, args, reply) {
    reply.integer(readList(context.database, args)?.size ?? 0);
  },
});

export const lindex = command({
  ...shared,
  name: "LINDEX",
  complexity: "O(N) for N elements between the nearer end and the one asked for.",
  summary: "Gives the element at an index; a negative index counts from the tail.",
  syntax: "key index",
  flags: ["readonly"],
  keys: firstKey,
  run(context, args, reply) {
    const list = readList(context.database, args);
    if (list === undefined) {
      reply.null();
      return;
    }
    if (cursor.seek(list, args.integer(2))) cursor.reply(reply);
    else reply.null();
  },
});

export const lrange = command({
  ...shared,
  name: "LRANGE",
  complexity: "O(S+N) for S elements between the nearer end and the first one asked for, and N that are given.",
  summary: "Gives the elements from one index to another; negative indexes count from the tail.",
  syntax: "key start:integer stop:integer",
  flags: ["readonly"],
  keys: firstKey,
  run(context, args, reply) {
    let first = args.integer(2);
    let last = args.integer(3);
    const list = readList(context.database, args);
    const size = list?.size ?? 0;
    if (first < 0) first = Math.max(0, first + size);
    last = last < 0 ? last + size : Math.min(last, size - 1);
    if (list === undefined || first > last || !cursor.seek(list, first)) {
      reply.array(0);
      return;
    }
    reply.array(last - first + 1);
    for (let left = last - first; left >= 0; left--) {
      cursor.reply(reply);
      if (left > 0) cursor.next();
    }
  },
});
