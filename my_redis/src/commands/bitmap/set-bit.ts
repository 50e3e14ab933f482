import { command } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import * as record from "../../memory/record.ts";
import { CommandError } from "../../protocol/command-error.ts";
import { stringBytes } from "../../collections/string-value.ts";
import { makeWritable, readBitOffset } from "./bit-string.ts";

const badBit = "ERR bit is not an integer or out of range";

export const setBit = command({
  name: "SETBIT",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Sets or clears a bit of the string value of a key, and returns what it was.",
  syntax: "key offset value:integer",
  flags: ["write", "denyoom"],
  keys: firstKey,
  run(context, args, reply) {
    const offset = readBitOffset(context, args, 2);
    const bit = args.integer(3, badBit);
    if (bit !== 0 && bit !== 1) throw new CommandError(badBit);
    const { address, grown } = makeWritable(context, args, 1, offset);
    const { heap } = context.keyspace;
    const bytes = record.bytesOf(heap, address);
    const at = record.valueStartOf(heap, address) + Math.floor(offset / 8);
    const mask = 0x80 >> (offset & 7);
    const before = ((bytes[at] as number) & mask) === 0 ? 0 : 1;
    if (grown || before !== bit) {
      bytes[at] = bit === 1 ? (bytes[at] as number) | mask : (bytes[at] as number) & ~mask;
      context.database.changed(args, 1, "setbit");
    }
    reply.integer(before);
  },
});

export const getBit = command({
  name: "GETBIT",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  summary: "Returns a bit of the string value of a key, 0 beyond its end.",
  syntax: "key offset",
  flags: ["readonly", "fast"],
  keys: firstKey,
  run(context, args, reply) {
    const offset = readBitOffset(context, args, 2);
    const address = context.database.readTyped(args, 1, record.valueType.string);
    const { bytes, start, end } = stringBytes(context.keyspace.heap, address);
    const at = start + Math.floor(offset / 8);
    reply.integer(at < end ? ((bytes[at] as number) >> (7 - (offset & 7))) & 1 : 0);
  },
});
