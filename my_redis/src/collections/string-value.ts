import type { Arguments } from "../protocol/arguments.ts";
import { CommandError, errors } from "../protocol/command-error.ts";
import { integerLength, parseInt64, parseSafeInteger, writeInteger } from "../protocol/number-text.ts";
import type { ReplyWriter } from "../protocol/reply-writer.ts";
import type { Address, Heap } from "../memory/heap.ts";
import { type Database, keepExpiry, noExpiry } from "../keyspace/database.ts";
import * as record from "../memory/record.ts";
import type { ByteRange, ReusedByteRange } from "../memory/byte-range.ts";

/** Longest string that Redis calls "embstr". */
export const maxEmbeddedBytes = 44;
const twoTo32 = 4294967296;

/** A 64-bit integer in eight bytes, before it is copied into a record. */
const integerBytes = new Uint8Array(8);
const integerView = new DataView(integerBytes.buffer);
const digits = new Uint8Array(24);

/**
 * Sets the key of one argument to the bytes of another, as an integer where Redis would store one. `expiryMs` as in
 * `Database.setString`. The caller notifies of the change.
 */
export function storeString(
  database: Database,
  args: Arguments,
  keyIndex: number,
  valueIndex: number,
  expiryMs: number,
): Address {
  const { buffer } = args;
  const keyStart = args.start(keyIndex);
  const keyEnd = args.end(keyIndex);
  const start = args.start(valueIndex);
  const end = args.end(valueIndex);
  const length = end - start;
  if (length <= 20 && length > 0 && putInteger(buffer, start, end)) {
    return database.setString(buffer, keyStart, keyEnd, integerBytes, 0, 8, record.encoding.integer, expiryMs);
  }
  const encoding = length <= maxEmbeddedBytes ? record.encoding.embedded : record.encoding.raw;
  return database.setString(buffer, keyStart, keyEnd, buffer, start, end, encoding, expiryMs);
}

/**
 * As `storeString`, of argument 2 at the key of argument 1, while a log is loaded. `hash`: that of the key. `expiryMs`: a
 * moment, or `noExpiry`.
 */
export function loadString(database: Database, args: Arguments, hash: number, expiryMs: number): void {
  const { buffer } = args;
  const [keyStart, keyEnd, start, end] = [args.start(1), args.end(1), args.start(2), args.end(2)];
  const length = end - start;
  if (length <= 20 && length > 0 && putInteger(buffer, start, end)) {
    const { integer } = record.encoding;
    database.loadString(hash, buffer, keyStart, keyEnd, integerBytes, 0, 8, integer, expiryMs);
    return;
  }
  const encoding = length <= maxEmbeddedBytes ? record.encoding.embedded : record.encoding.raw;
  database.loadString(hash, buffer, keyStart, keyEnd, buffer, start, end, encoding, expiryMs);
}

/** As `storeString`, without an expiry, for bytes that are not arguments of one request. */
export function storeRange(database: Database, key: ByteRange, { bytes, start, end }: ByteRange): Address {
  const length = end - start;
  if (length <= 20 && length > 0 && putInteger(bytes, start, end)) {
    const encoding = record.encoding.integer;
    return database.setString(key.bytes, key.start, key.end, integerBytes, 0, 8, encoding, noExpiry);
  }
  const encoding = length <= maxEmbeddedBytes ? record.encoding.embedded : record.encoding.raw;
  return database.setString(key.bytes, key.start, key.end, bytes, start, end, encoding, noExpiry);
}

/**
 * Creates a string of `length` bytes, more than `maxEmbeddedBytes`, at a key that is missing. Gives the place of its content,
 * which is undefined: the caller writes all of it.
 */
export function createString(database: Database, key: ByteRange, length: number): ByteRange {
  const shape = { type: record.valueType.string, encoding: record.encoding.raw, valueLength: length };
  const address = database.create(key.bytes, key.start, key.end, shape);
  const { heap } = database.keyspace;
  const start = record.valueStartOf(heap, address);
  return { bytes: record.bytesOf(heap, address), start, end: start + length };
}

/** Writes the 64-bit integer of the text into `integerBytes`; false when the text is not the canonical form of one. */
function putInteger(value: Uint8Array, start: number, end: number): boolean {
  const first = value[start] as number;
  if (first !== 45 && (first < 48 || first > 57)) return false;
  const safe = parseSafeInteger(value, start, end);
  if (!Number.isNaN(safe)) {
    putSafeInteger(safe);
    return true;
  }
  const exact = parseInt64(value, start, end);
  if (exact === undefined) return false;
  integerView.setBigInt64(0, exact, true);
  return true;
}

function putSafeInteger(value: number): void {
  integerView.setInt32(0, value | 0, true);
  integerView.setInt32(4, Math.floor(value / twoTo32), true);
}

/** Sets a key to an integer. `expiryMs` as in `Database.setString`. The caller notifies of the change. */
export function storeInteger(
  database: Database,
  args: Arguments,
  keyIndex: number,
  value: number | bigint,
  expiryMs: number,
): Address {
  if (typeof value === "bigint") integerView.setBigInt64(0, value, true);
  else putSafeInteger(value);
  const start = args.start(keyIndex);
  const end = args.end(keyIndex);
  return database.setString(args.buffer, start, end, integerBytes, 0, 8, record.encoding.integer, expiryMs);
}

/** Overwrites the value of an integer record. It writes byte by byte, because the value may be at any offset. */
export function writeSafeInteger(heap: Heap, address: Address, value: number): void {
  const bytes = record.bytesOf(heap, address);
  const at = record.valueStartOf(heap, address);
  const low = value | 0;
  const high = Math.floor(value / twoTo32);
  bytes[at] = low;
  bytes[at + 1] = low >> 8;
  bytes[at + 2] = low >> 16;
  bytes[at + 3] = low >> 24;
  bytes[at + 4] = high;
  bytes[at + 5] = high >> 8;
  bytes[at + 6] = high >> 16;
  bytes[at + 7] = high >> 24;
}

/** The value of an integer record; NaN beyond 2^53, where `readInt64` gives the exact value. */
export function readSafeInteger(heap: Heap, address: Address): number {
  const bytes = record.bytesOf(heap, address);
  const at = record.valueStartOf(heap, address);
  const low =
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0;
  const high =
    (bytes[at + 4] as number) |
    ((bytes[at + 5] as number) << 8) |
    ((bytes[at + 6] as number) << 16) |
    ((bytes[at + 7] as number) << 24);
  const value = high * twoTo32 + low;
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

export function readInt64(heap: Heap, address: Address): bigint {
  const at = record.valueStartOf(heap, address);
  integerBytes.set(record.bytesOf(heap, address).subarray(at, at + 8));
  return integerView.getBigInt64(0, true);
}

/** Answers with a string record as a bulk string. */
export function replyString(heap: Heap, address: Address, reply: ReplyWriter): void {
  if (record.encodingOf(heap, address) === record.encoding.integer) {
    const value = readSafeInteger(heap, address);
    if (Number.isNaN(value)) reply.bulkText(readInt64(heap, address).toString());
    else reply.bulkInteger(value);
    return;
  }
  const start = record.valueStartOf(heap, address);
  reply.bulk(record.bytesOf(heap, address), start, start + record.valueLengthOf(heap, address));
}

const shared: ReusedByteRange = { bytes: digits, start: 0, end: 0 };

/**
 * The bytes of a string record; the digits, if it is an integer; no bytes for address 0. The object is shared: valid
 * until the next call, and until the key changes.
 */
export function stringBytes(heap: Heap, address: Address): ByteRange {
  shared.bytes = digits;
  shared.start = 0;
  shared.end = 0;
  if (address === 0) return shared;
  if (record.encodingOf(heap, address) !== record.encoding.integer) {
    shared.bytes = record.bytesOf(heap, address);
    shared.start = record.valueStartOf(heap, address);
    shared.end = shared.start + record.valueLengthOf(heap, address);
    return shared;
  }
  const value = readSafeInteger(heap, address);
  if (!Number.isNaN(value)) {
    shared.end = writeInteger(digits, 0, value);
    return shared;
  }
  const text = readInt64(heap, address).toString();
  for (let at = 0; at < text.length; at++) digits[at] = text.charCodeAt(at);
  shared.end = text.length;
  return shared;
}

/** The bytes of a string record, which a later call does not overwrite. Valid until the key changes. */
export function stringView(heap: Heap, address: Address): Uint8Array {
  const { bytes, start, end } = stringBytes(heap, address);
  return bytes === digits ? bytes.slice(start, end) : bytes.subarray(start, end);
}

/** Length of a string record's value as text. */
export function stringLength(heap: Heap, address: Address): number {
  if (record.encodingOf(heap, address) !== record.encoding.integer) return record.valueLengthOf(heap, address);
  const value = readSafeInteger(heap, address);
  return Number.isNaN(value) ? readInt64(heap, address).toString().length : integerLength(value);
}

/** Gives a string record the encoding "raw", which allows changes in place. An integer becomes its digits. */
export function makeRaw(database: Database, args: Arguments, keyIndex: number, address: Address): Address {
  const { heap } = database.keyspace;
  if (record.encodingOf(heap, address) !== record.encoding.integer) {
    record.setKind(heap, address, record.valueType.string, record.encoding.raw);
    return address;
  }
  const { bytes, start, end } = stringBytes(heap, address);
  const key = args.buffer;
  const keyStart = args.start(keyIndex);
  return database.setString(key, keyStart, args.end(keyIndex), bytes, start, end, record.encoding.raw, keepExpiry);
}

/** Throws when a string would be longer than `proto-max-bulk-len` allows. */
export function checkStringLength({ keyspace }: Database, lengthBytes: number): void {
  if (lengthBytes > keyspace.limits["proto-max-bulk-len"]) throw new CommandError(errors.stringTooLong);
}
