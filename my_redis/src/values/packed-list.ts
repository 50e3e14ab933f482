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
/** A count that the header cannot hold; then the elements must be counted. */
const uncounted = 65535;

/** Writes a list without elements, `listHeaderBytes` long. */
export function clearList(bytes: Uint8Array, start: number): void {
  bytes[start] = 0;
  bytes[start + 1] = 0;
}

/** Number of elements: O(1) below 65535 of them. */
export function listCount(bytes: Uint8Array, start: number, end: number): number {
  const count = (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
  return count < uncounted ? count : countElements(bytes, start, end);
}

function countElements(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start + listHeaderBytes; at < end; at += elementSize(bytes, at)) count++;
  return count;
}

/** To be called after elements were added or removed by hand; `end` is the end of the region as it is now. */
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
 * The place of the first element from `from` on that equals `wanted`, -1 when there is none. After each element `skip`
 * further ones are passed over: 1 to look at the fields of field-value pairs only.
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
  // Short text that is no number: the most frequent, and its first byte tells most of what is different.
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

/** Writes an element before the one at `at`. `end` is the end before; the region must have room for `element.size` more. */
export function insertElement(bytes: Uint8Array, start: number, end: number, at: number, element: PackedElement): void {
  if (at < end) bytes.copyWithin(at + element.size, at, end);
  element.write(bytes, at);
  addToListCount(bytes, start, end + element.size, 1);
}

/**
 * Moves what follows on the element at `at` by `growth` bytes, before that element is overwritten with one of another
 * size. `end` is the end before; the region must have room for what it grows.
 */
export function resizeElement(bytes: Uint8Array, end: number, at: number, growth: number): void {
  const after = at + elementSize(bytes, at);
  if (after < end) bytes.copyWithin(after + growth, after, end);
}

/**
 * Puts an element in the place of the one at `at`. `end` is the end before; the region must have room for what the new
 * one is longer. Returns the new end.
 */
export function replaceElement(bytes: Uint8Array, end: number, at: number, element: PackedElement): number {
  const growth = element.size - elementSize(bytes, at);
  if (growth !== 0) resizeElement(bytes, end, at, growth);
  element.write(bytes, at);
  return end + growth;
}

/** Takes `count` elements out, from `at` on. Returns the new end, to which the region is to be cut. */
export function removeElements(bytes: Uint8Array, start: number, end: number, at: number, count: number): number {
  let after = at;
  for (let left = count; left > 0; left--) after += elementSize(bytes, after);
  bytes.copyWithin(at, after, end);
  const newEnd = end - (after - at);
  addToListCount(bytes, start, newEnd, -count);
  return newEnd;
}
