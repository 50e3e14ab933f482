import type { Context } from "../../command/context.ts";
import type { Database } from "../../keyspace/database.ts";
import type { Address } from "../../keyspace/heap.ts";
import * as record from "../../keyspace/record.ts";
import { RecordTable } from "../../keyspace/record-table.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { SettingValues } from "../../settings/settings.ts";
import { ElementText, elementBytes, elementSize, writeElement } from "../../values/packed-element.ts";
import * as list from "../../values/packed-list.ts";

/** Bytes that somebody else owns: valid until the hash changes, and until the next question to it. */
export interface ByteRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

const fieldText = new ElementText();
const valueText = new ElementText();
const fieldRange: ByteRange = { bytes: new Uint8Array(0), start: 0, end: 0 };
const valueRange: ByteRange = { bytes: new Uint8Array(0), start: 0, end: 0 };

/** A field with its value; both are only lent, for the duration of the call. */
export type VisitField = (field: ByteRange, value: ByteRange) => void;

/**
 * The hash of one key: fields and values in turn in a packed list, or a table of records when it has grown beyond
 * hash-max-listpack-entries or -value. There is one object for all commands, pointed at the key that is asked for.
 */
export class HashValue {
  address: Address = 0;
  #database!: Database;
  #settings!: SettingValues;
  #table: RecordTable | undefined;

  attach(database: Database, settings: SettingValues, address: Address): this {
    this.#database = database;
    this.#settings = settings;
    this.address = address;
    const isPacked = record.encodingOf(database.keyspace.heap, address) === record.encoding.packed;
    this.#table = isPacked ? undefined : (database.objectOf(address) as RecordTable);
    return this;
  }

  /** The table of a large hash; undefined while it is packed. */
  get table(): RecordTable | undefined {
    return this.#table;
  }

  /** A packed hash's memory. */
  get bytes(): Uint8Array {
    return record.bytesOf(this.#database.keyspace.heap, this.address);
  }

  /** Where a packed hash starts in `bytes`. */
  get start(): number {
    return record.valueStartOf(this.#database.keyspace.heap, this.address);
  }

  /** Where a packed hash ends in `bytes`. */
  get end(): number {
    return this.start + record.valueLengthOf(this.#database.keyspace.heap, this.address);
  }

  get size(): number {
    return this.#table === undefined ? list.listCount(this.bytes, this.start, this.end) / 2 : this.#table.size;
  }

  /** The value of a field, or undefined. */
  get(source: Uint8Array, start: number, end: number): ByteRange | undefined {
    if (this.#table !== undefined) {
      const found = this.#table.find(source, start, end);
      return found === 0 ? undefined : this.valueOf(found);
    }
    const at = this.#place(source, start, end);
    if (at < 0) return undefined;
    const bytes = this.bytes;
    return valueText.read(bytes, at + elementSize(bytes, at));
  }

  #place(source: Uint8Array, start: number, end: number): number {
    const { bytes, start: from } = this;
    const length = record.valueLengthOf(this.#database.keyspace.heap, this.address);
    return list.findBytes(bytes, list.firstElement(from), from + length, source, start, end, 1);
  }

  /** The field of an entry of the table. */
  fieldOf(entry: Address): ByteRange {
    const { heap } = this.#database.keyspace;
    fieldRange.bytes = record.bytesOf(heap, entry);
    fieldRange.start = record.keyStartOf(heap, entry);
    fieldRange.end = fieldRange.start + record.keyLengthOf(heap, entry);
    return fieldRange;
  }

  /** The value of an entry of the table. */
  valueOf(entry: Address): ByteRange {
    const { heap } = this.#database.keyspace;
    valueRange.bytes = record.bytesOf(heap, entry);
    valueRange.start = record.valueStartOf(heap, entry);
    valueRange.end = valueRange.start + record.valueLengthOf(heap, entry);
    return valueRange;
  }

  /** Sets field source[start, end) to bytes[valueStart, valueEnd); true when the field is new. */
  set(
    source: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#table === undefined) {
      const longest = this.#settings["hash-max-listpack-value"];
      if (end - start <= longest && valueEnd - valueStart <= longest) {
        return this.#setPacked(source, start, end, bytes, valueStart, valueEnd);
      }
    }
    return this.#becomeTable().set(source, start, end, bytes, valueStart, valueEnd);
  }

  #setPacked(
    source: Uint8Array,
    start: number,
    end: number,
    from: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const fieldAt = this.#place(source, start, end);
    const size = elementBytes(from, valueStart, valueEnd);
    if (fieldAt < 0) {
      this.#append(source, start, end, from, valueStart, valueEnd, size);
      return true;
    }
    const bytes = this.bytes;
    const valueAt = fieldAt + elementSize(bytes, fieldAt);
    const growth = size - elementSize(bytes, valueAt);
    if (growth === 0) writeElement(bytes, valueAt, from, valueStart, valueEnd);
    else this.#replace(valueAt - this.start, growth, from, valueStart, valueEnd);
    return false;
  }

  /** Puts a value of another size in the place of the one at `offset`. */
  #replace(offset: number, growth: number, from: Uint8Array, valueStart: number, valueEnd: number): void {
    const length = this.end - this.start;
    if (growth > 0) this.#resize(length + growth);
    const { bytes, start } = this;
    list.resizeElement(bytes, start + length, start + offset, growth);
    writeElement(bytes, start + offset, from, valueStart, valueEnd);
    if (growth < 0) this.#resize(length + growth);
  }

  // oxlint-disable-next-line max-params -- byte ranges as arguments: objects for them would be made with each HSET
  #append(
    source: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    from: Uint8Array,
    valueStart: number,
    valueEnd: number,
    valueSize: number,
  ): void {
    const length = this.end - this.start;
    this.#resize(length + elementBytes(source, fieldStart, fieldEnd) + valueSize);
    const { bytes, start } = this;
    const valueAt = writeElement(bytes, start + length, source, fieldStart, fieldEnd);
    const end = writeElement(bytes, valueAt, from, valueStart, valueEnd);
    list.addToListCount(bytes, start, end, 2);
    if (this.size > this.#settings["hash-max-listpack-entries"]) this.#becomeTable();
  }

  #resize(length: number): void {
    this.address = this.#database.resizeValue(this.address, length);
  }

  #becomeTable(): RecordTable {
    if (this.#table !== undefined) return this.#table;
    const { heap, hasher } = this.#database.keyspace;
    const table = new RecordTable(heap, hasher);
    table.reserve(this.size + 1);
    this.forEach((name, content) => {
      table.set(name.bytes, name.start, name.end, content.bytes, content.start, content.end);
    });
    this.address = this.#database.becomeObject(this.address, table);
    this.#table = table;
    return table;
  }

  /** Removes a field; false when there is none. A hash without fields must be deleted: see `deleteIfEmpty`. */
  delete(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) return this.#table.remove(source, start, end);
    const at = this.#place(source, start, end);
    if (at < 0) return false;
    this.#resize(list.removeElements(this.bytes, this.start, this.end, at, 2) - this.start);
    return true;
  }

  /** Deletes the key when no field is left, and tells of it. */
  deleteIfEmpty(args: Arguments, keyIndex: number): void {
    if (this.size > 0) return;
    this.#database.remove(this.address);
    this.#database.changed(args, keyIndex, "del");
  }

  /** Visits every field. The visitor must not change the hash. */
  forEach(visit: VisitField): void {
    if (this.#table !== undefined) {
      this.#table.forEach((entry) => visit(this.fieldOf(entry), this.valueOf(entry)));
      return;
    }
    const bytes = this.bytes;
    const end = this.end;
    for (let at = list.firstElement(this.start); at < end;) {
      const name = fieldText.read(bytes, at);
      at += elementSize(bytes, at);
      const content = valueText.read(bytes, at);
      at += elementSize(bytes, at);
      visit(name, content);
    }
  }
}

const shared = new HashValue();

/** The hash at the key that argument 1 names, for a command that reads; undefined when there is none. Throws WRONGTYPE. */
export function readHash({ database, server }: Context, args: Arguments): HashValue | undefined {
  const address = database.readTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : shared.attach(database, server.settings.values, address);
}

/** As `readHash`, for a command that writes. */
export function findHash({ database, server }: Context, args: Arguments): HashValue | undefined {
  const address = database.writeTyped(args, 1, record.valueType.hash);
  return address === 0 ? undefined : shared.attach(database, server.settings.values, address);
}

/**
 * As `findHash`, creating the hash when there is none: the caller must set a field then. `expectedBytes` is how large
 * the packed fields and values will become.
 */
export function openHash(context: Context, args: Arguments, expectedBytes = 0): HashValue {
  const found = findHash(context, args);
  if (found !== undefined) return found;
  const { database, keyspace, server } = context;
  const address = database.create(args.buffer, args.start(1), args.end(1), {
    type: record.valueType.hash,
    encoding: record.encoding.packed,
    valueLength: list.listHeaderBytes + expectedBytes,
  });
  record.setValueLength(keyspace.heap, address, list.listHeaderBytes);
  list.clearList(record.bytesOf(keyspace.heap, address), record.valueStartOf(keyspace.heap, address));
  return shared.attach(database, server.settings.values, address);
}

/** Bytes that arguments take in a packed list. */
export function packedBytes(args: Arguments, from: number): number {
  let total = 0;
  for (let index = from; index < args.count; index++) {
    total += elementBytes(args.buffer, args.start(index), args.end(index));
  }
  return total;
}
