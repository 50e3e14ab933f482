import { command } from "../../dispatch/command.ts";
import { keyAt, keysFrom } from "../../dispatch/key-specification.ts";
import type { Context } from "../../dispatch/context.ts";
import { noExpiry } from "../../keyspace/database.ts";
import { encoding, valueType } from "../../memory/record.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { stringView } from "../../collections/string-value.ts";

type Operation = "and" | "or" | "xor" | "not";
const operations: readonly Operation[] = ["and", "or", "xor", "not"];

export const bitOp = command({
  name: "BITOP",
  group: "bitmap",
  since: "2.6.0",
  complexity: "O(N) with N being the length of the longest string",
  summary: "Combines the string values of keys bit by bit, and stores the result.",
  syntax: "operation destkey:key key...",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(2, "OW update"), keysFrom(3, "RO access")],
  run(context, args, reply) {
    const operation = operations.find((name) => args.is(1, name));
    if (operation === undefined) throw new CommandError(errors.syntax);
    if (operation === "not" && args.count !== 4) {
      throw new CommandError("ERR BITOP NOT must be called with a single source key.");
    }
    const sources: Uint8Array[] = [];
    for (let index = 3; index < args.count; index++) sources.push(readSource(context, args, index));
    const result = combine(operation, sources);
    store(context, args, result);
    reply.integer(result.length);
  },
});

function readSource({ database, keyspace }: Context, args: Arguments, index: number): Uint8Array {
  const address = database.readTyped(args, index, valueType.string);
  return address === 0 ? new Uint8Array(0) : stringView(keyspace.heap, address);
}

/** The result is as long as the longest source. Shorter sources count as padded with zeros. */
function combine(operation: Operation, sources: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(Math.max(...sources.map((source) => source.length)));
  const first = sources[0] as Uint8Array;
  if (operation === "not") {
    for (let at = 0; at < first.length; at++) result[at] = ~(first[at] as number);
    return result;
  }
  result.set(first);
  for (const source of sources.slice(1)) {
    const { length } = source;
    if (operation === "and") {
      for (let at = 0; at < length; at++) result[at] = (result[at] as number) & (source[at] as number);
      result.fill(0, length);
    } else if (operation === "or") {
      for (let at = 0; at < length; at++) result[at] = (result[at] as number) | (source[at] as number);
    } else {
      for (let at = 0; at < length; at++) result[at] = (result[at] as number) ^ (source[at] as number);
    }
  }
  return result;
}

/** An empty result deletes the key. */
function store({ database }: Context, args: Arguments, result: Uint8Array): void {
  if (result.length > 0) {
    const { buffer } = args;
    database.setString(buffer, args.start(2), args.end(2), result, 0, result.length, encoding.raw, noExpiry);
    database.changed(args, 2, "set");
  } else if (database.deleteEvenExpired(args, 2)) {
    database.changed(args, 2, "del");
  }
}
