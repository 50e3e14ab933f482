import type { ByteRange, ReusedByteRange } from "./byte-range.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type Address, type Heap, HeapLimitError, unitBits, unitMask } from "./heap.ts";
import { stringWords } from "./kernels/kernel-memory.ts";

/**
 * A record is one key with its value, in one block of the heap. Database keys and the fields of large hashes, the
 * members of large sets and sorted sets all take this form.
 *
 *   word 0   bits 0-3 type, 4-7 encoding, 8-31 access clock (LRU seconds or LFU, as the eviction policy says);
 *            in a table, where records have none of these, a number of the table's own (see record-times.ts)
 *   word 1   bits 0-29 key length in bytes, bit 30 mark of snapshots (see snapshot.ts), bit 31 "has an expiry"
 *   word 2   value length in bytes, or the number of an object (encodings from `objectEncoding` on)
 *   word 3,4 expiry in Unix milliseconds, low and high word: only with an expiry
 *   then     the key's bytes, then the value's bytes
 */
export const headerBytes = 12;
const expiryBytes = 8;
const keyLengthMask = (1 << 30) - 1;
const expiryFlag = 1 << 31;
const markBit = 1 << 30;
const twoTo32 = 4294967296;

/** The longest key of a record: the word for its length has 30 bits. */
export const maxKeyBytes = keyLengthMask;
/** The longest value of a record: the word for its length is signed. */
export const maxValueBytes = 2 ** 31 - 1;

/** Value types, numbered as Redis numbers them. */
export const valueType = { string: 0, list: 1, set: 2, sortedSet: 3, hash: 4, stream: 6 } as const;
export type ValueType = (typeof valueType)[keyof typeof valueType];

/** How a value is stored. From `object` on, the record contains the number of an object instead of bytes. */
export const encoding = {
  raw: 0,
  /** A 64-bit integer, 8 bytes little-endian. */
  integer: 1,
  /** A string of at most 44 bytes that was never appended to. It differs from `raw` only in its name. */
  embedded: 2,
  /** Packed small collection. */
  packed: 3,
  /** Packed small set of integers. */
  integerSet: 4,
  /** Packed small hash whose fields may have times: see values/packed-times.ts. */
  packedTimed: 6,
  object: 8,
  /** Hash as an object whose fields may have times. */
  timedObject: 14,
} as const;

/** The bits of `kind` that are both set in the two encodings with times, and in no other encoding. */
const timedKind = 0x60;
const objectKind = encoding.object << 4;
export const isObjectKind = (kind: number): boolean => (kind & objectKind) !== 0;
export const isTimedKind = (kind: number): boolean => (kind & timedKind) === timedKind;

const wordsOf = (heap: Heap, address: Address): Int32Array => heap.words[address >>> unitBits] as Int32Array;
const wordAt = (address: Address): number => (address & unitMask) << 1;

/** Where the record starts in the result of `bytesOf`. */
export const recordStartOf = (address: Address): number => (address & unitMask) << 3;

/** The bytes of the segment that contains the record. The offsets below refer to them. */
export const bytesOf = (heap: Heap, address: Address): Uint8Array => heap.bytes[address >>> unitBits] as Uint8Array;

export const typeOf = (heap: Heap, address: Address): number =>
  (wordsOf(heap, address)[wordAt(address)] as number) & 15;

export const encodingOf = (heap: Heap, address: Address): number =>
  ((wordsOf(heap, address)[wordAt(address)] as number) >>> 4) & 15;

/** Type and encoding at once: `type | encoding << 4`. */
export const kindOf = (heap: Heap, address: Address): number =>
  (wordsOf(heap, address)[wordAt(address)] as number) & 255;

/** Whether the record is a hash whose fields may have times. */
export const isTimed = (heap: Heap, address: Address): boolean =>
  ((wordsOf(heap, address)[wordAt(address)] as number) & timedKind) === timedKind;

/** A number that a table stores in its record, in the place of type, encoding and clock. It is 0 at first. */
export const tagOf = (heap: Heap, address: Address): number => wordsOf(heap, address)[wordAt(address)] as number;

export function setTagOf(heap: Heap, address: Address, tag: number): void {
  wordsOf(heap, address)[wordAt(address)] = tag;
}

export function setKind(heap: Heap, address: Address, type: number, valueEncoding: number): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address);
  words[at] = ((words[at] as number) & ~255) | type | (valueEncoding << 4);
}

export const accessClockOf = (heap: Heap, address: Address): number =>
  (wordsOf(heap, address)[wordAt(address)] as number) >>> 8;

export function setAccessClock(heap: Heap, address: Address, clock: number): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address);
  words[at] = ((words[at] as number) & 255) | (clock << 8);
}

export const keyLengthOf = (heap: Heap, address: Address): number =>
  (wordsOf(heap, address)[wordAt(address) + 1] as number) & keyLengthMask;

export const hasExpiry = (heap: Heap, address: Address): boolean =>
  ((wordsOf(heap, address)[wordAt(address) + 1] as number) & expiryFlag) !== 0;

/** Whether the record has the current mark: it is newer than the last snapshot, or the snapshot has taken it. */
export const isMarked = (heap: Heap, address: Address): boolean =>
  ((wordsOf(heap, address)[wordAt(address) + 1] as number) & markBit) === heap.mark;

/** Gives the record the current mark. */
export function mark(heap: Heap, address: Address): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address) + 1;
  words[at] = ((words[at] as number) & ~markBit) | heap.mark;
}

/** Takes the current mark away from a record: the running snapshot has still to take it. */
export function unmark(heap: Heap, address: Address): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address) + 1;
  words[at] = ((words[at] as number) & ~markBit) | (heap.mark ^ markBit);
}

/** Where the key's bytes start in the result of `bytesOf`. */
export const keyStartOf = (heap: Heap, address: Address): number =>
  ((address & unitMask) << 3) + headerBytes + (hasExpiry(heap, address) ? expiryBytes : 0);

/** Where the value's bytes start in the result of `bytesOf`. */
export const valueStartOf = (heap: Heap, address: Address): number => {
  const word = wordsOf(heap, address)[wordAt(address) + 1] as number;
  return (
    ((address & unitMask) << 3) + headerBytes + ((word & expiryFlag) === 0 ? 0 : expiryBytes) + (word & keyLengthMask)
  );
};

export const valueLengthOf = (heap: Heap, address: Address): number =>
  wordsOf(heap, address)[wordAt(address) + 2] as number;

/** Sets `range` to the key's bytes. */
export function readKey(heap: Heap, address: Address, range: ReusedByteRange): ByteRange {
  range.bytes = bytesOf(heap, address);
  range.start = keyStartOf(heap, address);
  range.end = range.start + keyLengthOf(heap, address);
  return range;
}

/** Sets `range` to the value's bytes. */
export function readValue(heap: Heap, address: Address, range: ReusedByteRange): ByteRange {
  range.bytes = bytesOf(heap, address);
  range.start = valueStartOf(heap, address);
  range.end = range.start + valueLengthOf(heap, address);
  return range;
}

export function setValueLength(heap: Heap, address: Address, length: number): void {
  wordsOf(heap, address)[wordAt(address) + 2] = length;
}

/** Expiry in Unix milliseconds. Only for a record that has one. */
export const expiryOf = (heap: Heap, address: Address): number => {
  const words = wordsOf(heap, address);
  const at = wordAt(address);
  return (words[at + 4] as number) * twoTo32 + ((words[at + 3] as number) >>> 0);
};

/** Changes the expiry of a record that already has one. */
export function setExpiry(heap: Heap, address: Address, atMs: number): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address);
  words[at + 3] = atMs | 0;
  // ToInt32 takes the number modulo 2^32, so the low word is right for any whole number.
  words[at + 4] = Math.floor(atMs / twoTo32);
}

/** Bytes that a record takes. */
export const recordBytes = (keyLength: number, valueLength: number, withExpiry: boolean): number =>
  headerBytes + (withExpiry ? expiryBytes : 0) + keyLength + valueLength;

/**
 * Allocates a block for a record. Throws HeapLimitError when the heap is full, or when key or value are too long for a
 * record. Then nothing has changed.
 */
export function allocateRecord(heap: Heap, keyLength: number, valueLength: number, withExpiry: boolean): Address {
  if (keyLength > maxKeyBytes || valueLength > maxValueBytes) {
    throw new HeapLimitError(
      `a record of ${keyLength} bytes of key and ${valueLength} bytes of value ` +
        `exceeds the limits of ${maxKeyBytes} and ${maxValueBytes} bytes`,
    );
  }
  return heap.allocate(recordBytes(keyLength, valueLength, withExpiry));
}

/** Writes header and key into a new block. The value's bytes are undefined. */
export function writeRecord(
  heap: Heap,
  address: Address,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueLength: number,
  kind: number,
  clock: number,
  expiryMs: number,
): void {
  const words = wordsOf(heap, address);
  const at = wordAt(address);
  const keyLength = keyEnd - keyStart;
  words[at] = kind | (clock << 8);
  words[at + 2] = valueLength;
  if (expiryMs < 0) {
    words[at + 1] = keyLength | heap.mark;
  } else {
    words[at + 1] = keyLength | expiryFlag | heap.mark;
    setExpiry(heap, address, expiryMs);
  }
  copyBytes(key, keyStart, keyEnd, bytesOf(heap, address), keyStartOf(heap, address));
}

/**
 * Writes strings without an expiry into new blocks: those of the entries from one word to another, which have `stringWords`
 * words each: a hash, the address, and where key and value start and end in `source`. One loop: see place-new.ts.
 */
export function writeStrings(
  heap: Heap,
  entries: Int32Array,
  from: number,
  to: number,
  source: Uint8Array,
  clock: number,
): void {
  const kind = valueType.string | (encoding.raw << 4) | (clock << 8);
  for (let entry = from; entry < to; entry += stringWords) {
    const address = entries[entry + 1] as Address;
    const keyStart = entries[entry + 2] as number;
    const keyEnd = entries[entry + 3] as number;
    const valueStart = entries[entry + 4] as number;
    const valueEnd = entries[entry + 5] as number;
    const words = wordsOf(heap, address);
    const bytes = bytesOf(heap, address);
    const at = wordAt(address);
    words[at] = kind;
    words[at + 1] = (keyEnd - keyStart) | heap.mark;
    words[at + 2] = valueEnd - valueStart;
    const start = (at << 2) + headerBytes;
    copyBytes(source, keyStart, keyEnd, bytes, start);
    copyBytes(source, valueStart, valueEnd, bytes, start + keyEnd - keyStart);
  }
}

/** Copies a record without an expiry into a new block that is large enough. */
export function copyRecord(heap: Heap, from: Address, to: Address): void {
  const source = wordsOf(heap, from);
  const target = wordsOf(heap, to);
  const first = wordAt(from);
  const offset = wordAt(to) - first;
  const end = first + ((recordBytes(keyLengthOf(heap, from), valueLengthOf(heap, from), false) + 3) >>> 2);
  // Both records start at a word, unlike a key in a request: copying words takes a quarter of the steps.
  for (let at = first; at < end; at++) target[at + offset] = source[at] as number;
  mark(heap, to);
}

/** Whether two records have the same key. */
export function keysEqual(heap: Heap, address: Address, other: Address): boolean {
  const length = keyLengthOf(heap, address);
  if (length !== keyLengthOf(heap, other)) return false;
  const words = wordsOf(heap, address);
  const otherWords = wordsOf(heap, other);
  // Both keys start at a word, unlike a key in a request: comparing words takes a quarter of the steps.
  let at = keyStartOf(heap, address) >>> 2;
  const offset = (keyStartOf(heap, other) >>> 2) - at;
  for (const end = at + (length >>> 2); at < end; at++) if (words[at] !== otherWords[at + offset]) return false;
  const restBits = (length & 3) * 8;
  return restBits === 0 || ((words[at] as number) ^ (otherWords[at + offset] as number)) << (32 - restBits) === 0;
}

/** Whether the record's key equals key[start, end). */
export function keyEquals(heap: Heap, address: Address, key: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  const word = wordsOf(heap, address)[wordAt(address) + 1] as number;
  if ((word & keyLengthMask) !== length) return false;
  const bytes = bytesOf(heap, address);
  const from = ((address & unitMask) << 3) + headerBytes + ((word & expiryFlag) === 0 ? 0 : expiryBytes);
  for (let at = 0; at < length; at++) {
    if (bytes[from + at] !== key[start + at]) return false;
  }
  return true;
}
