import { command } from "../../../dispatch/command.ts";
import { firstKey } from "../../../dispatch/key-specification.ts";
import type { Address } from "../../../memory/heap.ts";
import { sealPayload } from "../../../persistence/rdb/dump-payload.ts";
import { ValueEncoder } from "../../../persistence/rdb/encode-value.ts";
import { RdbWriter } from "../../../persistence/rdb/rdb-writer.ts";
import type { Services } from "../../../dispatch/context.ts";

export const dump = command({
  name: "DUMP",
  group: "generic",
  since: "2.6.0",
  complexity: "O(N) with N being the size of the value",
  summary: "Serializes a key's value as bytes that RESTORE accepts, here and in Redis.",
  syntax: "key",
  flags: ["readonly"],
  keys: firstKey,
  tips: ["nondeterministic_output"],
  run({ database, server }, args, reply) {
    const address = database.read(args, 1);
    if (address === 0) {
      reply.null();
      return;
    }
    reply.bulk(dumpValue(server, address));
  },
});

/** A value serialized as RESTORE takes it, in a new array. */
export function dumpValue({ keyspace, settings }: Services, address: Address): Uint8Array {
  const writer = new RdbWriter({ compresses: settings.values.rdbcompression });
  const encoder = new ValueEncoder(keyspace, writer);
  writer.byte(encoder.typeOf(address));
  encoder.write(address);
  return sealPayload(writer);
}
