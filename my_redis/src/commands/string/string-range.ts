import { command, type Run } from "../../dispatch/command.ts";
import { firstKey, keyAt } from "../../dispatch/key-specification.ts";
import { encoding, valueType } from "../../memory/record.ts";
import * as record from "../../memory/record.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { copyBytes } from "../../memory/copy-bytes.ts";
import { checkStringLength, makeRaw, stringBytes, stringLength } from "../../collections/string-value.ts";

const returnRange: Run = ({ database, keyspace }, args, reply) => {
  const first = args.integer(2);
  const last = args.integer(3);
  const address = database.readTyped(args, 1, valueType.string);
  const { bytes, start, end } = stringBytes(keyspace.heap, address);
  const length = end - start;
  const from = Math.max(0, first < 0 ? length + first : first);
  const to = Math.min(length - 1, Math.max(0, last < 0 ? length + last : last));
  // As in Redis, two negative ends in the wrong order make an empty range, even where both are clamped to the start.
  if (from > to || (first < 0 && last < 0 && first > last)) reply.bulk(bytes, 0, 0);
  else reply.bulk(bytes, start + from, start + to + 1);
};

const rangeFields = {
  group: "string",
  complexity: "O(N) with N being the length of the returned string",
  syntax: "key start:integer end:integer",
  flags: ["readonly"],
  keys: firstKey,
  run: returnRange,
} as const;

export const getRange = command({
  ...rangeFields,
  name: "GETRANGE",
  since: "2.4.0",
  summary: "Returns a part of the string value of a key, by its first and last byte.",
});

export const substr = command({
  ...rangeFields,
  name: "SUBSTR",
  since: "1.0.0",
  summary: "Returns a part of the string value of a key. GETRANGE is its newer name.",
});

export const setRange = command({
  name: "SETRANGE",
  group: "string",
  since: "2.2.0",
  complexity: "O(M) with M being the length of the written part",
  summary: "Overwrites a part of the string value of a key, from an offset on; zeros fill a gap before it.",
  syntax: "key offset value",
  flags: ["write", "denyoom"],
  keys: keyAt(1, "RW update"),
  run(context, args, reply) {
    const { database } = context;
    const { heap } = context.keyspace;
    const offset = args.integer(2);
    if (offset < 0) throw new CommandError("ERR offset is out of range");
    const address = database.writeTyped(args, 1, valueType.string);
    const before = address === 0 ? 0 : stringLength(heap, address);
    if (args.length(3) === 0) {
      reply.integer(before);
      return;
    }
    checkStringLength(context.database, offset + args.length(3));
    const length = Math.max(before, offset + args.length(3));
    let target = address;
    if (target === 0) {
      const shape = { type: valueType.string, encoding: encoding.raw, valueLength: length };
      target = database.create(args.buffer, args.start(1), args.end(1), shape);
    } else {
      target = database.growValue(makeRaw(database, args, 1, target), length);
    }
    const bytes = record.bytesOf(heap, target);
    const start = record.valueStartOf(heap, target);
    if (offset > before) bytes.fill(0, start + before, start + offset);
    copyBytes(args.buffer, args.start(3), args.end(3), bytes, start + offset);
    database.changed(args, 1, "setrange");
    reply.integer(length);
  },
});
