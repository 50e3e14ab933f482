import type { Address, Heap } from "../memory/heap.ts";
import * as record from "../memory/record.ts";

/**
 * Whether a value of this length stays in the record's block. A block may be up to twice as large as its content; for a
 * larger difference, the memory saved is worth a move. A block that was made larger for a growing value stays while the
 * value grows.
 */
export function fitsBlock(heap: Heap, address: Address, length: number): boolean {
  const size = record.recordBytes(record.keyLengthOf(heap, address), length, record.hasExpiry(heap, address));
  const capacity = heap.capacity(address);
  return fitsExactly(capacity, size) || (size <= capacity && length >= record.valueLengthOf(heap, address));
}

/** Whether a block is neither too small for its content, nor more than twice as large. */
export const fitsExactly = (capacity: number, size: number): boolean =>
  size <= capacity && (capacity <= 64 || size * 2 >= capacity);
