import { copyBytes } from "../memory/copy-bytes.ts";
import { elementSize, integerAt, writeIntegerElement } from "./packed-element.ts";
import { firstElement } from "./packed-list.ts";

/**
 * A packed hash whose fields may have times: field, value and time in turn, as in Redis's published layout for it. The
 * time is in Unix milliseconds, 0 for a field without one. Fields with times come first, in the order of their times.
 * So expired fields are at the beginning of the list, and the first field shows whether there are any times.
 */

/** Bytes of the time 0, for a field without a time. */
export const noTimeBytes = 2;
const maxTimeBytes = 10;
const twoTo32 = 4294967296;
const timeElement = new Uint8Array(maxTimeBytes);

/** Writes a time as an element; returns the place after it. */
export const writeTime = (target: Uint8Array, at: number, timeMs: number): number =>
  writeIntegerElement(target, at, Math.floor(timeMs / twoTo32), timeMs | 0);

/** The place of the time that belongs to the field at this place. */
export function timePlace(bytes: Uint8Array, fieldAt: number): number {
  const valueAt = fieldAt + elementSize(bytes, fieldAt);
  return valueAt + elementSize(bytes, valueAt);
}

/** The time of the field at this place; 0 when it has none. */
export const packedTime = (bytes: Uint8Array, fieldAt: number): number => integerAt(bytes, timePlace(bytes, fieldAt));

/** The earliest time, Infinity when no field has one. */
export function earliestPackedTime(bytes: Uint8Array, start: number, end: number): number {
  const first = firstElement(start);
  const timeMs = first < end ? packedTime(bytes, first) : 0;
  return timeMs === 0 ? Number.POSITIVE_INFINITY : timeMs;
}

/** The place for a field with this time: after those that expire no later, or at the end if it has no time. */
function placeOfTime(bytes: Uint8Array, start: number, end: number, timeMs: number): number {
  if (timeMs === 0) return end;
  let at = firstElement(start);
  while (at < end) {
    const timeAt = timePlace(bytes, at);
    const otherMs = integerAt(bytes, timeAt);
    if (otherMs === 0 || otherMs > timeMs) break;
    at = timeAt + elementSize(bytes, timeAt);
  }
  return at;
}

/** The pairs bytes[start, end), `count` of them, each with the time 0. */
export function withTimes(bytes: Uint8Array, start: number, end: number, count: number): Uint8Array {
  const result = new Uint8Array(end - start + count * noTimeBytes);
  let to = 0;
  for (let at = start; at < end;) {
    const from = at;
    at = timePlace(bytes, at);
    copyBytes(bytes, from, at, result, to);
    to = writeTime(result, to + at - from, 0);
  }
  return result;
}

/** By how many bytes the list grows when the field at this place gets this time. */
export function growthOfTime(bytes: Uint8Array, fieldAt: number, timeMs: number): number {
  return writeTime(timeElement, 0, timeMs) - elementSize(bytes, timePlace(bytes, fieldAt));
}

/**
 * Changes the time of the field at this place, and so its place. `end` is the end before; the region must have room for
 * the growth.
 */
export function setPackedTime(bytes: Uint8Array, start: number, end: number, fieldAt: number, timeMs: number): void {
  const timeAt = timePlace(bytes, fieldAt);
  const after = timeAt + elementSize(bytes, timeAt);
  // Not `slice`: if the array is a Buffer, that is a view, whose content changes below.
  const pair = new Uint8Array(bytes.subarray(fieldAt, timeAt));
  bytes.copyWithin(fieldAt, after, end);
  const endWithout = end - (after - fieldAt);
  const at = placeOfTime(bytes, start, endWithout, timeMs);
  const size = pair.length + writeTime(timeElement, 0, timeMs);
  bytes.copyWithin(at + size, at, endWithout);
  bytes.set(pair, at);
  writeTime(bytes, at + pair.length, timeMs);
}
