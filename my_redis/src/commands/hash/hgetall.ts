import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import type { CommandDefinition, Run } from "../../dispatch/command.ts";
import type { Heap } from "../../memory/heap.ts";
import type { RecordTable } from "../../memory/record-table.ts";
import * as record from "../../memory/record.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import { readHash } from "../../collections/hash-key.ts";

const shared = {
  group: "hash",
  since: "2.0.0",
  complexity: "O(N) for a hash of N fields.",
  syntax: "key",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output_order"],
} as const satisfies Partial<CommandDefinition>;

const replyOne =
  (part: "field" | "value"): Run =>
  (context, args, reply) => {
    const hash = readHash(context.database, args);
    reply.array(hash?.size ?? 0);
    hash?.forEach((field, value) => {
      const { bytes, start, end } = part === "field" ? field : value;
      reply.bulk(bytes, start, end);
    });
  };

/** Writes the fields and values of a large hash. Each record holds a field directly followed by its value. */
function replyTable(reply: ReplyWriter, heap: Heap, table: RecordTable): void {
  table.forEach((entry) => {
    const bytes = record.bytesOf(heap, entry);
    const field = record.keyStartOf(heap, entry);
    const value = field + record.keyLengthOf(heap, entry);
    reply.bulk(bytes, field, value);
    reply.bulk(bytes, value, value + record.valueLengthOf(heap, entry));
  });
}

export const hgetall = command({
  ...shared,
  name: "HGETALL",
  summary: "Gives all fields and values of a hash.",
  run(context, args, reply) {
    const hash = readHash(context.database, args);
    reply.map(hash?.size ?? 0);
    if (hash?.table !== undefined && !hash.isTimed) {
      replyTable(reply, context.keyspace.heap, hash.table);
      return;
    }
    hash?.forEach((field, value) => {
      reply.bulk(field.bytes, field.start, field.end);
      reply.bulk(value.bytes, value.start, value.end);
    });
  },
});

export const hkeys = command({
  ...shared,
  name: "HKEYS",
  summary: "Gives all fields of a hash.",
  run: replyOne("field"),
});

export const hvals = command({
  ...shared,
  name: "HVALS",
  summary: "Gives all values of a hash.",
  run: replyOne("value"),
});
