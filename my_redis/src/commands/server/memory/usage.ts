import { command } from "../../../dispatch/command.ts";
import { keyAt } from "../../../dispatch/key-specification.ts";
import * as record from "../../../memory/record.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { OptionReader } from "../../options/option-reader.ts";

/** A key's share of the index: pairs of four bytes each, with half of the slots full on average. */
const indexBytesPerKey = 16;

export const memoryUsage = command({
  name: "MEMORY USAGE",
  group: "server",
  since: "4.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns how many bytes of memory a key uses, with its value and its share of the index.",
  syntax: "key [SAMPLES=count]",
  flags: ["readonly"],
  keys: keyAt(2, "RO"),
  run({ database, keyspace }, args, reply) {
    checkSamples(args);
    const address = database.find(args.buffer, args.start(2), args.end(2));
    if (address === 0) {
      reply.null();
      return;
    }
    const { heap } = keyspace;
    const indexes = record.hasExpiry(heap, address) ? 2 : 1;
    const isObject = record.encodingOf(heap, address) >= record.encoding.object;
    const objectBytes = isObject ? database.objectOf(address).memoryBytes : 0;
    reply.integer(Math.round(heap.capacity(address) + indexes * indexBytesPerKey + objectBytes));
  },
});

/** Sizes are known here without sampling. SAMPLES is only validated. */
function checkSamples(args: Arguments): void {
  const options = new OptionReader(args, 3);
  while (options.next()) if (!options.is("samples", 1) || options.integer() < 0) options.refuse();
}
