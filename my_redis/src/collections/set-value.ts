import type { Database } from "../keyspace/database.ts";
import type { ValueLimits } from "../keyspace/value-limits.ts";
import type { ByteRange, ReusedByteRange } from "../memory/byte-range.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import { filled } from "../memory/object-table.ts";
import { RecordTable } from "../memory/record-table.ts";
import type { Arguments } from "../protocol/arguments.ts";
import * as integers from "../values/integer-set.ts";
import { ElementText, elementSize, PackedElement } from "../values/packed-element.ts";
import * as packed from "../values/packed-list.ts";

/** The largest integer set that Redis allows under any setting. */
const maxIntegerSetEntries = 1 << 30;

const { encoding, valueType } = record;
const element = new PackedElement();
const words = new integers.IntegerWords();
const elementText = new ElementText();
const digits = new Uint8Array(integers.maxIntegerText);
const memberText: ReusedByteRange = { bytes: digits, start: 0, end: 0 };

/**
 * The set of one key: sorted integers or packed members in the record, or a table of records when the set has grown
 * beyond set-max-intset-entries, set-max-listpack-entries or -value.
 */
export class SetValue {
  address: Address = 0;
  #database!: Database;
  #limits!: ValueLimits;
  #encoding: number = encoding.packed;
  #table: RecordTable | undefined;

  attach(database: Database, address: Address): this {
    this.#database = database;
    this.#limits = database.keyspace.limits;
    this.address = address;
    this.#encoding = record.encodingOf(database.keyspace.heap, address);
    this.#table = this.#encoding === encoding.object ? (database.objectOf(address) as RecordTable) : undefined;
    return this;
  }

  /** The table of a large set; undefined while it is small. */
  get table(): RecordTable | undefined {
    return this.#table;
  }

  get #bytes(): Uint8Array {
    return record.bytesOf(this.#database.keyspace.heap, this.address);
  }

  get #start(): number {
    return record.valueStartOf(this.#database.keyspace.heap, this.address);
  }

  get #end(): number {
    return this.#start + record.valueLengthOf(this.#database.keyspace.heap, this.address);
  }

  get size(): number {
    if (this.#table !== undefined) return this.#table.size;
    return this.#encoding === encoding.integerSet
      ? integers.integerCount(this.#bytes, this.#start, this.#end)
      : packed.listCount(this.#bytes, this.#start, this.#end);
  }

  has(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) return this.#table.find(source, start, end) !== 0;
    if (this.#encoding !== encoding.integerSet) return this.#packedPlace(source, start, end) >= 0;
    return words.parse(source, start, end) && integers.findInteger(this.#bytes, this.#start, this.#end, words) >= 0;
  }

  #packedPlace(source: Uint8Array, start: number, end: number): number {
    element.setBytes(source, start, end);
    return packed.findElement(this.#bytes, packed.firstElement(this.#start), this.#end, element, 0);
  }

  // --- adding ---

  /** Prepares for this many more members: if they are too many for a small set, it becomes a table at once. */
  expect(count: number): void {
    const { "set-max-intset-entries": maxIntegers, "set-max-listpack-entries": maxPacked } = this.#limits;
    if (this.#table !== undefined) return;
    if (count > (this.#encoding === encoding.integerSet ? maxIntegers : maxPacked)) this.#becomeTable(count);
  }

  /** Adds a member; false when the set already has it. */
  add(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) return this.#addToTable(this.#table, source, start, end);
    if (this.#encoding === encoding.integerSet) {
      if (words.parse(source, start, end)) return this.#addInteger();
      this.#leaveIntegers(end - start);
      return this.add(source, start, end);
    }
    if (this.#packedPlace(source, start, end) >= 0) return false;
    if (!this.#mayPack(end - start)) return this.#addToTable(this.#becomeTable(this.size + 1), source, start, end);
    const length = this.#end - this.#start;
    const { size } = element;
    this.#resize(length + size);
    packed.insertElement(this.#bytes, this.#start, this.#start + length, this.#start + length, element);
    return true;
  }

  #addToTable(table: RecordTable, source: Uint8Array, start: number, end: number): boolean {
    return table.set(source, start, end, source, end, end);
  }

  /** Adds the integer in `words`. */
  #addInteger(): boolean {
    const start = this.#start;
    const index = -1 - integers.findInteger(this.#bytes, start, this.#end, words);
    if (index < 0) return false;
    const length = this.#end - start;
    this.#resize(integers.bytesWithInteger(this.#bytes, start, this.#end, words));
    integers.insertInteger(this.#bytes, this.#start, this.#start + length, index, words);
    const most = Math.min(this.#limits["set-max-intset-entries"], maxIntegerSetEntries);
    if (this.size > most) this.#becomeTable(this.size);
    return true;
  }

  #mayPack(bytes: number): boolean {
    const { "set-max-listpack-entries": maxEntries, "set-max-listpack-value": maxBytes } = this.#limits;
    return this.size < maxEntries && bytes <= maxBytes;
  }

  /** Prepares for a member of so many bytes that is not an integer. */
  #leaveIntegers(bytes: number): void {
    if (!this.#mayPack(bytes) || this.#longestInteger() > this.#limits["set-max-listpack-value"]) {
      this.#becomeTable(this.size + 1);
      return;
    }
    const content: Uint8Array[] = [];
    let length: number = packed.listHeaderBytes;
    const count = this.size;
    this.forEach((member) => {
      element.setBytes(member.bytes, member.start, member.end);
      const bytesOfElement = new Uint8Array(element.size);
      element.write(bytesOfElement, 0);
      content.push(bytesOfElement);
      length += element.size;
    });
    const { heap } = this.#database.keyspace;
    this.#resize(length);
    record.setKind(heap, this.address, valueType.set, encoding.packed);
    this.#encoding = encoding.packed;
    packed.setListCount(this.#bytes, this.#start, count);
    let at = packed.firstElement(this.#start);
    for (const each of content) {
      this.#bytes.set(each, at);
      at += each.length;
    }
  }

  /** The length of the longest text among the integers: it is that of the first or the last. */
  #longestInteger(): number {
    let longest = 0;
    if (this.size === 0) return 0;
    for (const index of [0, this.size - 1]) {
      const { start, end } = this.#integerText(index);
      longest = Math.max(longest, end - start);
    }
    return longest;
  }

  #becomeTable(capacity: number): RecordTable {
    const { heap, hasher } = this.#database.keyspace;
    const made = filled(new RecordTable(heap, hasher), (table) => {
      table.reserve(capacity);
      this.forEach(({ bytes, start, end }) => table.set(bytes, start, end, bytes, end, end));
      this.address = this.#database.becomeObject(this.address, table);
    });
    this.#encoding = encoding.object;
    this.#table = made;
    return made;
  }

  #resize(length: number): void {
    this.address = this.#database.resizeValue(this.address, length);
  }

  // --- removing ---

  /** Removes a member; false when it is missing. A set without members must be deleted: see `deleteIfEmpty`. */
  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) return this.#table.remove(source, start, end);
    let newEnd: number;
    if (this.#encoding === encoding.integerSet) {
      const found = words.parse(source, start, end);
      const index = found ? integers.findInteger(this.#bytes, this.#start, this.#end, words) : -1;
      if (index < 0) return false;
      newEnd = integers.removeInteger(this.#bytes, this.#start, this.#end, index);
    } else {
      const at = this.#packedPlace(source, start, end);
      if (at < 0) return false;
      newEnd = packed.removeElements(this.#bytes, this.#start, this.#end, at, 1);
    }
    this.#resize(newEnd - this.#start);
    return true;
  }

  /** Deletes the key when no member is left, and notifies of it. */
  deleteIfEmpty(args: Arguments, keyIndex: number): void {
    if (this.size > 0) return;
    this.#database.remove(this.address);
    this.#database.announce(args, keyIndex, "del");
  }

  // --- looking ---

  /** Visits every member, which is valid during the call. The visitor must not change the set. */
  forEach(visit: (member: ByteRange) => void): void {
    if (this.#table !== undefined) {
      this.#table.forEach((entry) => visit(this.textOf(entry)));
    } else if (this.#encoding === encoding.integerSet) {
      for (let index = 0; index < this.size; index++) visit(this.#integerText(index));
    } else {
      const bytes = this.#bytes;
      const end = this.#end;
      for (let at = packed.firstElement(this.#start); at < end; at += elementSize(bytes, at)) {
        visit(elementText.read(bytes, at));
      }
    }
  }

  /** The member of an entry of the table. Valid until the next question to any set. */
  textOf(entry: Address): ByteRange {
    return record.readKey(this.#database.keyspace.heap, entry, memberText);
  }

  #integerText(index: number): ByteRange {
    const bytes = this.#bytes;
    words.read(bytes, integers.integerPlace(bytes, this.#start, index), integers.integerWidth(bytes, this.#start));
    memberText.bytes = digits;
    memberText.start = 0;
    memberText.end = words.writeText(digits, 0);
    return memberText;
  }

  /** The member with this index of a small set. Valid until the next question to any set. */
  memberAt(index: number): ByteRange {
    if (this.#encoding === encoding.integerSet) return this.#integerText(index);
    return elementText.read(this.#bytes, packed.elementPlace(this.#bytes, this.#start, this.#end, index));
  }

  /** A random member, all with the same chance. `random` gives numbers in [0, 1). */
  random(random: () => number): ByteRange {
    if (this.#table !== undefined) return this.textOf(this.#table.random(random));
    return this.memberAt(Math.floor(random() * this.size));
  }
}

const shared = new SetValue();

/**
 * The set at the key of argument `index`, for a command that reads; undefined when the key is missing. Throws
 * WRONGTYPE.
 */
export function readSet(database: Database, args: Arguments, index = 1, into = shared): SetValue | undefined {
  const address = database.readTyped(args, index, valueType.set);
  return address === 0 ? undefined : into.attach(database, address);
}

/** As `readSet`, for a command that writes. */
export function findSet(database: Database, args: Arguments, index = 1, into = shared): SetValue | undefined {
  const address = database.writeTyped(args, index, valueType.set);
  return address === 0 ? undefined : into.attach(database, address);
}

/**
 * Creates an empty set for a missing key, in the form that fits its first member and the expected number of members.
 * The caller must add a member.
 */
export function createSet(
  database: Database,
  args: Arguments,
  index: number,
  expected: { readonly member: ByteRange; readonly count: number },
  into = shared,
): SetValue {
  const { heap, limits } = database.keyspace;
  const { bytes, start, end } = expected.member;
  const fitsIntegers = expected.count <= limits["set-max-intset-entries"];
  const isInteger = fitsIntegers && words.parse(bytes, start, end);
  const address = database.create(args.buffer, args.start(index), args.end(index), {
    type: valueType.set,
    encoding: isInteger ? encoding.integerSet : encoding.packed,
    valueLength: isInteger ? integers.integerSetHeaderBytes : packed.listHeaderBytes,
  });
  const valueBytes = record.bytesOf(heap, address);
  const valueStart = record.valueStartOf(heap, address);
  if (isInteger) integers.clearIntegers(valueBytes, valueStart);
  else packed.clearList(valueBytes, valueStart);
  const set = into.attach(database, address);
  set.expect(expected.count);
  return set;
}
