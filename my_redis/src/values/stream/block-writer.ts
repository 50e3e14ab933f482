import { elementEquals, elementSize, integerAt, writeElement, writeIntegerElement } from "../packed-element.ts";
import { entrySameFields } from "./block-reader.ts";
import type { StreamId } from "./stream-id.ts";

// Writes the parts of a block: see block-reader.ts for the layout.

/** Names and values of a new entry's fields, in turn, by number. */
export interface FieldSource {
  readonly buffer: Uint8Array;
  start(index: number): number;
  end(index: number): number;
}

/**
 * The greatest size of an entry without its fields and values, including the growth of the counts in the master entry.
 */
const entryOverheadBytes = 64;
/** The greatest size of a master entry without its fields. */
export const masterOverheadBytes = 32;

/** The greatest size in bytes of an entry with the fields and values `first` to `end`. */
export function entryBytesBound(source: FieldSource, first: number, end: number): number {
  let total = entryOverheadBytes;
  for (let index = first; index < end; index++) {
    const length = source.end(index) - source.start(index);
    total += length + (length < 64 ? 2 : length < 4096 ? 4 : 10);
  }
  return total;
}

/** Writes the master entry of a block with one entry; returns the place after it. */
export function writeMaster(bytes: Uint8Array, at: number, source: FieldSource, first: number, end: number): number {
  at = writeIntegerElement(bytes, at, 0, 1);
  at = writeIntegerElement(bytes, at, 0, 0);
  at = writeIntegerElement(bytes, at, 0, (end - first) / 2);
  for (let index = first; index < end; index += 2) {
    at = writeElement(bytes, at, source.buffer, source.start(index), source.end(index));
  }
  return writeIntegerElement(bytes, at, 0, 0);
}

/** Whether these are the fields of the master entry that begins at `start`, in the same order. */
export function masterHasFields(
  bytes: Uint8Array,
  start: number,
  source: FieldSource,
  first: number,
  end: number,
): boolean {
  let at = start + elementSize(bytes, start);
  at += elementSize(bytes, at);
  if (integerAt(bytes, at) !== (end - first) / 2) return false;
  at += elementSize(bytes, at);
  for (let index = first; index < end; index += 2) {
    if (!elementEquals(bytes, at, source.buffer, source.start(index), source.end(index))) return false;
    at += elementSize(bytes, at);
  }
  return true;
}

/**
 * Writes an entry; returns the place after it. The id of its block is in words[block] to words[block + 3]. With
 * `sameFields`, only the values are written.
 */
export function writeEntry(
  bytes: Uint8Array,
  at: number,
  words: Uint32Array,
  block: number,
  id: StreamId,
  source: FieldSource,
  first: number,
  end: number,
  sameFields: boolean,
): number {
  at = writeIntegerElement(bytes, at, 0, sameFields ? entrySameFields : 0);
  at = writeDifference(bytes, at, id.timeHigh, id.timeLow, words, block);
  at = writeDifference(bytes, at, id.sequenceHigh, id.sequenceLow, words, block + 2);
  const fields = (end - first) / 2;
  if (!sameFields) at = writeIntegerElement(bytes, at, 0, fields);
  for (let index = sameFields ? first + 1 : first; index < end; index += sameFields ? 2 : 1) {
    at = writeElement(bytes, at, source.buffer, source.start(index), source.end(index));
  }
  return writeIntegerElement(bytes, at, 0, sameFields ? fields + 3 : fields * 2 + 4);
}

/** Writes the number of two words minus that of words[base] and words[base + 1]. */
function writeDifference(
  bytes: Uint8Array,
  at: number,
  high: number,
  low: number,
  words: Uint32Array,
  base: number,
): number {
  const baseLow = words[base + 1] as number;
  const borrow = low < baseLow ? 1 : 0;
  return writeIntegerElement(bytes, at, (high - (words[base] as number) - borrow) | 0, (low - baseLow) | 0);
}
