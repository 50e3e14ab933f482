import { ElementText, elementSize } from "../values/packed-element.ts";
import { firstElement, removeElements } from "../values/packed-list.ts";
import { packedTime, timePlace } from "../values/packed-times.ts";
import type { Database } from "./database.ts";
import { earliestFieldTime } from "./field-times.ts";
import type { Address } from "../memory/heap.ts";
import type { RecordStore } from "./record-store.ts";
import type { RecordTable } from "../memory/record-table.ts";
import * as record from "../memory/record.ts";

const text = new ElementText();

/**
 * A hash after its expired fields were removed: its address, 0 when the hash is gone, and the number of removed fields.
 */
export interface ExpiredFields {
  readonly address: Address;
  readonly removed: number;
}

/**
 * Removes expired fields of a timed hash, at most `limit`, and the hash with its last field. Notifies observers and
 * log.
 */
export function expireFields(database: Database, address: Address, nowMs: number, limit: number): ExpiredFields {
  const { keyspace } = database;
  if (earliestFieldTime(keyspace, address) > nowMs) return { address, removed: 0 };
  keyspace.snapshot?.preserve(database.keys, address);
  const key = database.keyOf(address);
  const fields: Uint8Array[] = [];
  let left = address;
  if (record.encodingOf(keyspace.heap, address) < record.encoding.object) {
    left = removePacked(database, address, nowMs, fields);
  } else {
    const table = database.objectOf(address) as RecordTable;
    while (fields.length < limit && table.earliestMs <= nowMs) fields.push(table.removeEarliest());
    if (table.size === 0) left = 0;
  }
  if (left === 0) database.remove(address);
  else database.timesChanged(left, true);
  database.fieldsExpired(key, fields, left === 0);
  return { address: left, removed: fields.length };
}

/**
 * A packed hash is small: all expired fields are removed at once. Gives the hash's address, 0 when no field is left.
 */
function removePacked(store: RecordStore, address: Address, nowMs: number, fields: Uint8Array[]): Address {
  const { heap } = store.keyspace;
  const bytes = record.bytesOf(heap, address);
  const start = record.valueStartOf(heap, address);
  const end = start + record.valueLengthOf(heap, address);
  const first = firstElement(start);
  for (let at = first; at < end;) {
    const timeMs = packedTime(bytes, at);
    if (timeMs === 0 || timeMs > nowMs) break;
    const field = text.read(bytes, at);
    fields.push(field.bytes.slice(field.start, field.end));
    at = timePlace(bytes, at);
    at += elementSize(bytes, at);
  }
  const newEnd = removeElements(bytes, start, end, first, fields.length * 3);
  return newEnd === first ? 0 : store.resizeValue(address, newEnd - start);
}
