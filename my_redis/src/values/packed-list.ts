import { elementSize, PackedElement, previousElement } from "./packed-element.ts";

/**
 * A sequence of byte strings in one region of memory, bytes[start, start + length): small hashes, lists, sets and
 * sorted sets, in the value of a record. Two bytes of count (little-endian), then the elements (see packed-element.ts).
 *
 * A place is where an element starts; the end of the region is the place after the last. To add, the caller resizes
 * the region first (`database.resizeValue` may move it) and then writes; to remove, it writes first and resizes then:
 *
 *   const grown = database.resizeValue(address, length + element.size);
 *   insert(bytes, start, start + length, start + length, element);
 */
export const listHeaderBytes = 2;
/** A count that the header cannot express: then the elements must be counted. */
const uncounted = 65535;

/** Writes an empty list of `listHeaderBytes` bytes. */
export function clearList(bytes: Uint8Array, start: number): void {
  bytes[start] = 0;
  bytes[start + 1] = 0;
}

/** The number of elements: O(1) for less than 65535. */
export function listCount(bytes: Uint8Array, start: number, end: number): number {
  const count = (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
  return count < uncounted ? count : countElements(bytes, start, end);
}

function countElements(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start + listHeaderBytes; at < end; at += elementSize(bytes, at)) count++;
  return count;
}

/** To be called after the caller has added or removed elements itself. `end` is the end of the region now. */
export function addToListCount(bytes: Uint8Array, start: number, end: number, change: number): void {
  const before = (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
  const count = before < uncounted ? before + change : countElements(bytes, start, end);
  setListCount(bytes, start, count);
}

export function setListCount(bytes: Uint8Array, start: number, count: number): void {
  const held = Math.min(count, uncounted);
  bytes[start] = held;
  bytes[start + 1] = held >>> 8;
}

/** The place of the first element; the end of the region when there is none. */
export const firstElement = (start: number): number => start + listHeaderBytes;

/** The place of the last element. The list must have one. */
export const lastElement = (bytes: Uint8Array, end: number): number => previousElement(bytes, end);

/** The place of the element with this index, which counts from the end when negative; -1 when there is none. */
export function elementPlace(bytes: Uint8Array, start: number, end: number, index: number): number {
  const count = listCount(bytes, start, end);
  let wanted = index < 0 ? count + index : index;
  if (wanted < 0 || wanted >= count) return -1;
  if (wanted * 2 < count) {
    let at = firstElement(start);
    for (; wanted > 0; wanted--) at += elementSize(bytes, at);
    return at;
  }
  let at = end;
  for (let back = count - wanted; back > 0; back--) at = previousElement(bytes, at);
  return at;
}

/**
 * The place of the first element from `from` on that equals `wanted`, or -1. After each element, `skip` others are
 * skipped: 1 to look only at the fields of field-value pairs.
 */
export function findElement(bytes: Uint8Array, from: number, end: number, wanted: PackedElement, skip: number): number {
  let at = from;
  while (at < end) {
    if (wanted.matches(bytes, at)) return at;
    for (let passed = 0; passed <= skip; passed++) at += elementSize(bytes, at);
  }
  return -1;
}

const wanted = new PackedElement();

/** As `findElement`, for source[start, end). */
export function findBytes(
  bytes: Uint8Array,
  from: number,
  end: number,
  source: Uint8Array,
  start: number,
  sourceEnd: number,
  skip: number,
): number {
  const length = sourceEnd - start;
  if (length >= 64 || (source[start] as number) <= 57) {
    return findElement(bytes, from, end, wanted.setBytes(source, start, sourceEnd), skip);
  }
  // Short text that is not a number is the most frequent case, and its first byte already differs from most others.
  const tag = 0x80 | length;
  for (let at = from; at < end;) {
    if (bytes[at] === tag) {
      let matched = 0;
      while (matched < length && bytes[at + 1 + matched] === source[start + matched]) matched++;
      if (matched === length) return at;
    }
    for (let passed = 0; passed <= skip; passed++) at += elementSize(bytes, at);
  }
  return -1;
}

/**
 * Inserts an element before the one at `at`. `end` is the end before; the region must have room for `element.size` more
 * bytes.
 */
export function insertElement(bytes: Uint8Array, start: number, end: number, at: number, element: PackedElement): void {
  if (at < end) bytes.copyWithin(at + element.size, at, end);
  element.write(bytes, at);
  addToListCount(bytes, start, end + element.size, 1);
}

/**
 * Moves everything after the element at `at` by `growth` bytes, before the caller overwrites that element by one of
 * another size. `end` is the end before; the region must have room for the growth.
 */
export function resizeElement(bytes: Uint8Array, end: number, at: number, growth: number): void {
  const after = at + elementSize(bytes, at);
  if (after < end) bytes.copyWithin(after + growth, after, end);
}

/**
 * Replaces the element at `at`. `end` is the end before; the region must have room if the new element is longer.
 * Returns the new end.
 */
export function replaceElement(bytes: Uint8Array, end: number, at: number, element: PackedElement): number {
  const growth = element.size - elementSize(bytes, at);
  if (growth !== 0) resizeElement(bytes, end, at, growth);
  element.write(bytes, at);
  return end + growth;
}

/** Removes `count` elements, starting at `at`. Returns the new end; the caller then shortens the region. */
export function removeElements(bytes: Uint8Array, start: number, end: number, at: number, count: number): number {
  let after = at;
  for (let left = count; left > 0; left--) after += elementSize(bytes, after);
  bytes.copyWithin(at, after, end);
  const newEnd = end - (after - at);
  addToListCount(bytes, start, newEnd, -count);
  return newEnd;
}
