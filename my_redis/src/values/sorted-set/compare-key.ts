import type { Address, Heap } from "../../memory/heap.ts";
import * as record from "../../memory/record.ts";

/**
 * Compares bytes[start, end) with other[otherStart, otherEnd) as memcmp does. If one is the beginning of the other, the
 * longer one is greater.
 */
export function compareBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let at = 0; at < length; at++) {
    const difference = (bytes[start + at] as number) - (other[otherStart + at] as number);
    if (difference !== 0) return difference;
  }
  return end - start - (otherEnd - otherStart);
}

/** Compares the key of a record with key[start, end). */
export function compareKeyWith(heap: Heap, address: Address, key: Uint8Array, start: number, end: number): number {
  const from = record.keyStartOf(heap, address);
  const to = from + record.keyLengthOf(heap, address);
  return compareBytes(record.bytesOf(heap, address), from, to, key, start, end);
}

/** Compares the keys of two records. */
export function compareKeys(heap: Heap, address: Address, other: Address): number {
  const from = record.keyStartOf(heap, other);
  return compareKeyWith(heap, address, record.bytesOf(heap, other), from, from + record.keyLengthOf(heap, other));
}
