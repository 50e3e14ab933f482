import type { Database } from "../keyspace/database.ts";
import { expireFields } from "../keyspace/field-expiry.ts";
import { hasFieldTimes } from "../keyspace/field-times.ts";
import type { ValueLimits } from "../keyspace/value-limits.ts";
import type { ByteRange, ReusedByteRange } from "../memory/byte-range.ts";
import type { Address } from "../memory/heap.ts";
import * as record from "../memory/record.ts";
import { filled } from "../memory/object-table.ts";
import { RecordTable } from "../memory/record-table.ts";
import type { Arguments } from "../protocol/arguments.ts";
import { ElementText, elementBytes, elementSize, integerAt, writeElement } from "../values/packed-element.ts";
import * as list from "../values/packed-list.ts";
import * as times from "../values/packed-times.ts";

const fieldText = new ElementText();
const valueText = new ElementText();
const fieldRange: ReusedByteRange = { bytes: new Uint8Array(0), start: 0, end: 0 };
const valueRange: ReusedByteRange = { bytes: new Uint8Array(0), start: 0, end: 0 };

/** Called with a field, its value, and its time, 0 for none. Field and value are valid during the call. */
export type VisitField = (field: ByteRange, value: ByteRange, timeMs: number) => void;

/** Expired fields of a large hash that one command removes. It ignores further ones. */
const maxExpiredAtOnce = 512;

/**
 * The hash of one key: fields and values in turn in a packed list, or a table of records when the hash has grown beyond
 * hash-max-listpack-entries or -value. In both forms fields may have times, once a field has got one: see
 * packed-times.ts and record-times.ts. All commands share one object, which is attached to the key in question.
 */
export class HashValue {
  address: Address = 0;
  #database!: Database;
  #limits!: ValueLimits;
  #table: RecordTable | undefined;
  /** Whether fields may have times. */
  isTimed = false;
  /** Expired fields of the table that are still there. No client may see them. */
  #due = 0;
  #nowMs = 0;
  #expected = 0;

  attach(database: Database, address: Address): this {
    this.#database = database;
    this.#limits = database.keyspace.limits;
    this.address = address;
    const kind = record.kindOf(database.keyspace.heap, address);
    this.#table = record.isObjectKind(kind) ? (database.objectOf(address) as RecordTable) : undefined;
    this.isTimed = record.isTimedKind(kind);
    this.#due = 0;
    this.#expected = 0;
    return this;
  }

  /** Removes expired fields. False when no field is left and the hash is gone. Not needed where `isTimed` is false. */
  expireDue(): boolean {
    const database = this.#database;
    this.#nowMs = database.keyspace.expiryMoment;
    this.address = expireFields(database, this.address, this.#nowMs, maxExpiredAtOnce).address;
    if (this.address === 0) return false;
    this.#due = this.#table === undefined ? 0 : this.#table.countDue(this.#nowMs);
    return true;
  }

  /** Whether an entry of the table has expired, so that no client may see it. */
  isDue(entry: Address): boolean {
    if (this.#due === 0) return false;
    const timeMs = (this.#table as RecordTable).timeOf(entry);
    return timeMs !== 0 && timeMs <= this.#nowMs;
  }

  /** Whether there are expired entries. */
  get hasDue(): boolean {
    return this.#due > 0;
  }

  /** The table of a large hash; undefined while it is packed. */
  get table(): RecordTable | undefined {
    return this.#table;
  }

  /** The memory that contains a packed hash. */
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

  /** Elements of the packed list per field. */
  get #width(): number {
    return this.isTimed ? 3 : 2;
  }

  get size(): number {
    if (this.#table !== undefined) return this.#table.size - this.#due;
    return list.listCount(this.bytes, this.start, this.end) / this.#width;
  }

  /** The value of a field, or undefined. Valid until the hash changes, and until the next call. */
  get(source: Uint8Array, start: number, end: number): ByteRange | undefined {
    if (this.#table !== undefined) {
      const found = this.#table.find(source, start, end);
      return found === 0 || this.isDue(found) ? undefined : this.valueOf(found);
    }
    const at = this.#place(source, start, end);
    if (at < 0) return undefined;
    const bytes = this.bytes;
    return valueText.read(bytes, at + elementSize(bytes, at));
  }

  #place(source: Uint8Array, start: number, end: number): number {
    const { bytes, start: from } = this;
    const length = record.valueLengthOf(this.#database.keyspace.heap, this.address);
    return list.findBytes(bytes, list.firstElement(from), from + length, source, start, end, this.#width - 1);
  }

  /** The field of an entry of the table. Valid until the next call. */
  fieldOf(entry: Address): ByteRange {
    return record.readKey(this.#database.keyspace.heap, entry, fieldRange);
  }

  /** The value of an entry of the table. Valid until the next call. */
  valueOf(entry: Address): ByteRange {
    return record.readValue(this.#database.keyspace.heap, entry, valueRange);
  }

  /** Sets field source[start, end) to bytes[valueStart, valueEnd), without a time; true when the field is new. */
  set(
    source: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const isNew = this.setKeepingTime(source, start, end, bytes, valueStart, valueEnd);
    if (this.isTimed && !isNew) this.setTime(source, start, end, 0);
    return isNew;
  }

  /** As `set`, but a field keeps its time. */
  setKeepingTime(
    source: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#due > 0) this.#removeDue(source, start, end);
    if (this.#table === undefined) {
      const longest = this.#limits["hash-max-listpack-value"];
      if (end - start <= longest && valueEnd - valueStart <= longest) {
        return this.#setPacked(source, start, end, bytes, valueStart, valueEnd);
      }
    }
    return this.#becomeTable().set(source, start, end, bytes, valueStart, valueEnd);
  }

  /** Removes the field if it has expired, so that the following steps do not see it. */
  #removeDue(source: Uint8Array, start: number, end: number): void {
    const table = this.#table as RecordTable;
    const found = table.find(source, start, end);
    if (found === 0 || !this.isDue(found)) return;
    table.remove(source, start, end);
    this.#due--;
    const database = this.#database;
    database.timesChanged(this.address, true);
    database.fieldsExpired(database.keyOf(this.address), [source.slice(start, end)], false);
  }

  // --- times of fields, Unix milliseconds ---

  /** The time of a field; 0 when it has none, undefined when the field is missing. */
  timeOf(source: Uint8Array, start: number, end: number): number | undefined {
    if (this.#table !== undefined) {
      const found = this.#table.find(source, start, end);
      return found === 0 || this.isDue(found) ? undefined : this.#table.timeOf(found);
    }
    const at = this.#place(source, start, end);
    if (at < 0) return undefined;
    return this.isTimed ? times.packedTime(this.bytes, at) : 0;
  }

  /** Sets the time of an existing field; 0 removes it. */
  setTime(source: Uint8Array, start: number, end: number, timeMs: number): void {
    if (timeMs === 0 && !this.isTimed) return;
    const hadTimes = this.#hasTimes;
    if (!this.isTimed) this.#becomeTimed();
    if (this.#table !== undefined) this.#table.setTime(this.#table.find(source, start, end), timeMs);
    else this.#setPackedTime(this.#place(source, start, end) - this.start, timeMs);
    this.#database.timesChanged(this.address, hadTimes);
  }

  /** Whether any field has a time. */
  get #hasTimes(): boolean {
    return this.isTimed && hasFieldTimes(this.#database.keyspace, this.address);
  }

  #setPackedTime(offset: number, timeMs: number): void {
    const at = this.start + offset;
    if (times.packedTime(this.bytes, at) === timeMs) return;
    const length = this.end - this.start;
    const growth = times.growthOfTime(this.bytes, at, timeMs);
    if (growth > 0) this.#resize(length + growth);
    const { bytes, start } = this;
    times.setPackedTime(bytes, start, start + length, start + offset, timeMs);
    if (growth < 0) this.#resize(length + growth);
  }

  #becomeTimed(): void {
    if (this.#table === undefined) {
      const count = this.size;
      const packed = times.withTimes(this.bytes, list.firstElement(this.start), this.end, count);
      this.#resize(list.listHeaderBytes + packed.length);
      this.bytes.set(packed, list.firstElement(this.start));
      list.setListCount(this.bytes, this.start, count * 3);
    }
    this.#database.becomeTimed(this.address);
    this.isTimed = true;
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

  /** Replaces the value at `offset` by one of another size. */
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
    const timeSize = this.isTimed ? times.noTimeBytes : 0;
    this.#resize(length + elementBytes(source, fieldStart, fieldEnd) + valueSize + timeSize);
    const { bytes, start } = this;
    const valueAt = writeElement(bytes, start + length, source, fieldStart, fieldEnd);
    let end = writeElement(bytes, valueAt, from, valueStart, valueEnd);
    if (this.isTimed) end = times.writeTime(bytes, end, 0);
    list.addToListCount(bytes, start, end, this.#width);
    if (this.size > this.#limits["hash-max-listpack-entries"]) this.#becomeTable();
  }

  #resize(length: number): void {
    this.address = this.#database.resizeValue(this.address, length);
  }

  /** Prepares for so many fields: when the hash becomes a table, it has room for them. */
  expect(count: number): void {
    this.#expected = count;
  }

  /** The table, if so many fields are expected that the hash becomes one. */
  expectedTable(): RecordTable | undefined {
    return this.#expected > this.#limits["hash-max-listpack-entries"] ? this.#becomeTable() : this.#table;
  }

  #becomeTable(): RecordTable {
    if (this.#table !== undefined) return this.#table;
    const { heap, hasher } = this.#database.keyspace;
    this.#table = filled(new RecordTable(heap, hasher), (table) => {
      table.reserve(Math.max(this.size + 1, this.#expected));
      this.forEach((name, content, timeMs) => {
        table.set(name.bytes, name.start, name.end, content.bytes, content.start, content.end);
        if (timeMs !== 0) table.setTime(table.find(name.bytes, name.start, name.end), timeMs);
      });
      this.address = this.#database.becomeObject(this.address, table);
    });
    return this.#table;
  }

  /** Removes a field; false when it is missing. A hash without fields must be deleted: see `deleteIfEmpty`. */
  delete(source: Uint8Array, start: number, end: number): boolean {
    if (!this.isTimed) return this.#delete(source, start, end);
    const hadTimes = this.#hasTimes;
    const isDeleted = this.#delete(source, start, end);
    this.#database.timesChanged(this.address, hadTimes);
    return isDeleted;
  }

  #delete(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) {
      if (this.#due > 0 && this.get(source, start, end) === undefined) return false;
      return this.#table.remove(source, start, end);
    }
    const at = this.#place(source, start, end);
    if (at < 0) return false;
    this.#resize(list.removeElements(this.bytes, this.start, this.end, at, this.#width) - this.start);
    return true;
  }

  /** Deletes the key when no field is left, not even an expired one, and notifies of it. */
  deleteIfEmpty(args: Arguments, keyIndex: number): void {
    if (this.size > 0 || this.#due > 0) return;
    this.#database.remove(this.address);
    this.#database.announce(args, keyIndex, "del");
  }

  /** Visits every field. The visitor must not change the hash. */
  forEach(visit: VisitField): void {
    if (this.#table !== undefined) {
      const table = this.#table;
      table.forEach((entry) => {
        if (!this.isDue(entry)) visit(this.fieldOf(entry), this.valueOf(entry), table.timeOf(entry));
      });
      return;
    }
    const { isTimed } = this;
    const bytes = this.bytes;
    const end = this.end;
    for (let at = list.firstElement(this.start); at < end;) {
      const name = fieldText.read(bytes, at);
      at += elementSize(bytes, at);
      const content = valueText.read(bytes, at);
      at += elementSize(bytes, at);
      visit(name, content, isTimed ? integerAt(bytes, at) : 0);
      if (isTimed) at += elementSize(bytes, at);
    }
  }
}
