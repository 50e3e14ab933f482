import type { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import { typeOf, valueType } from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import type { ConsumerGroup } from "../values/stream/consumer-group.ts";
import { Stream } from "../values/stream/stream.ts";

/** The stream at a key, for a command that reads; undefined when the key is missing. Throws WRONGTYPE. */
export function readStream(database: Database, args: Arguments, index: number): Stream | undefined {
  return streamAt(database, database.read(args, index));
}

function streamAt(database: Database, address: Address): Stream | undefined {
  if (address === 0) return undefined;
  if (typeOf(database.keyspace.heap, address) !== valueType.stream) throw new CommandError(errors.wrongType);
  return database.objectOf(address) as Stream;
}

/** As `readStream`, for a command that writes. */
export function findStream(database: Database, args: Arguments, index: number): Stream | undefined {
  const address = database.writeTyped(args, index, valueType.stream);
  return address === 0 ? undefined : (database.objectOf(address) as Stream);
}

/** Creates an empty stream at a missing key. */
export function createStream(database: Database, args: Arguments, index: number): Stream {
  const stream = new Stream(database.keyspace.heap);
  database.createObject(args.buffer, args.start(index), args.end(index), valueType.stream, stream);
  return stream;
}

/**
 * The stream at the key of argument 1 and its group of the name in argument 2. Throws NOGROUP when either is missing.
 * `address`: the record of the key, if it was looked up before.
 */
export function requireGroup(
  database: Database,
  args: Arguments,
  address = database.read(args, 1),
): { stream: Stream; group: ConsumerGroup } {
  const stream = streamAt(database, address);
  const group = stream?.group(args.latin1(2));
  if (stream === undefined || group === undefined) {
    throw new CommandError(`NOGROUP No such key '${args.latin1(1)}' or consumer group '${args.latin1(2)}'`);
  }
  return { stream, group };
}
