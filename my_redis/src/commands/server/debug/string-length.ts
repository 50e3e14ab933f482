import * as record from "../../../memory/record.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import type { DebugSubcommand } from "./debug-subcommand.ts";
import { findEvenExpired } from "./find-even-expired.ts";

/** SDS is Redis's type for strings. Integers are stored in another form, so they are refused. */
export const debugSdslen: DebugSubcommand = {
  name: "SDSLEN",
  usage: "<key>",
  summary: "Shows the lengths of a key and its string, and how much room is allocated for them.",
  counts: [3, 3],
  run({ database, keyspace }, args, reply) {
    const address = findEvenExpired(database, args, 2);
    if (address === 0) throw new CommandError(errors.noSuchKey);
    const { heap } = keyspace;
    const encoding = record.encodingOf(heap, address);
    const isString = record.typeOf(heap, address) === record.valueType.string;
    if (!isString || encoding === record.encoding.integer) throw new CommandError("ERR Not an sds encoded string.");
    const keyLength = record.keyLengthOf(heap, address);
    const length = record.valueLengthOf(heap, address);
    const used = record.recordBytes(keyLength, length, record.hasExpiry(heap, address));
    const facts = [
      `key_sds_len:${keyLength}`,
      "key_sds_avail:0",
      `key_zmalloc: ${keyLength}`,
      `val_sds_len:${length}`,
      `val_sds_avail:${heap.capacity(address) - used}`,
      `val_zmalloc: ${heap.capacity(address)}`,
    ];
    reply.simple(facts.join(", "));
  },
};
