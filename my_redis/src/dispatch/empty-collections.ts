import type { Database } from "../keyspace/database.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { integerSetHeaderBytes } from "../values/integer-set.ts";
import { listHeaderBytes } from "../values/packed-list.ts";
import type { Stream } from "../values/stream/stream.ts";
import type { CommandFacts } from "./command-facts.ts";
import { keyPositions } from "./command-keys.ts";

/**
 * To be called when a command failed unexpectedly. A command creates a collection before its first element, so when it
 * failed in between, for lack of memory, a key without elements is left. Redis has no such keys: they are removed.
 */
export function removeEmptyCollections(
  number: number,
  keyspace: Keyspace,
  command: CommandFacts,
  args: Arguments,
): void {
  if (!command.isWrite) return;
  const database = keyspace.database(number);
  for (const position of keyPositions(command, args)) {
    const address = database.find(args.buffer, args.start(position), args.end(position));
    if (address !== 0 && isEmptyCollection(database, address)) database.remove(address);
  }
}

function isEmptyCollection(database: Database, address: Address): boolean {
  const { heap } = database.keyspace;
  const type = record.typeOf(heap, address);
  if (type === record.valueType.string) return false;
  // A stream may be empty, but then a group or its last id says that it was wanted.
  if (type === record.valueType.stream) return (database.objectOf(address) as Stream).isUntouched;
  if (record.isObjectKind(record.kindOf(heap, address))) return database.objectOf(address).size === 0;
  const isIntegers = record.encodingOf(heap, address) === record.encoding.integerSet;
  return record.valueLengthOf(heap, address) <= (isIntegers ? integerSetHeaderBytes : listHeaderBytes);
}
