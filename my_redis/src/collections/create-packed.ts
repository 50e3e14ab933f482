import type { Database } from "../keyspace/database.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { clearList, listHeaderBytes } from "../values/packed-list.ts";

/**
 * Creates an empty packed collection at the key of argument `index`, which must be missing. The record has room for
 * `expectedBytes` of elements. Returns its address.
 */
export function createPacked(
  database: Database,
  args: Arguments,
  index: number,
  type: record.ValueType,
  expectedBytes: number,
): Address {
  const { heap } = database.keyspace;
  const address = database.create(args.buffer, args.start(index), args.end(index), {
    type,
    encoding: record.encoding.packed,
    valueLength: listHeaderBytes + expectedBytes,
  });
  record.setValueLength(heap, address, listHeaderBytes);
  clearList(record.bytesOf(heap, address), record.valueStartOf(heap, address));
  return address;
}
