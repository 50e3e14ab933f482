import { earliestPackedTime } from "../values/packed-times.ts";
import type { Address } from "../memory/heap.ts";
import type { KeyspaceCore } from "./keyspace-core.ts";
import type { RecordTable } from "../memory/record-table.ts";
import * as record from "../memory/record.ts";

/** The earliest time of a field of a timed hash, Unix milliseconds; Infinity when no field has one. */
export function earliestFieldTime({ heap, objects }: KeyspaceCore, address: Address): number {
  const value = record.valueLengthOf(heap, address);
  if (record.encodingOf(heap, address) >= record.encoding.object) return (objects.get(value) as RecordTable).earliestMs;
  const start = record.valueStartOf(heap, address);
  return earliestPackedTime(record.bytesOf(heap, address), start, start + value);
}

/** Whether a record is a hash and at least one of its fields has a time. */
export const hasFieldTimes = (keyspace: KeyspaceCore, address: Address): boolean =>
  record.isTimed(keyspace.heap, address) && earliestFieldTime(keyspace, address) !== Number.POSITIVE_INFINITY;
