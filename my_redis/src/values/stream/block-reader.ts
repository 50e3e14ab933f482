import { ElementText, elementSize, highWord, integerAt, lowWord, previousElement } from "../packed-element.ts";
import { StreamId } from "./stream-id.ts";

/**
 * A block of a stream: a run of packed elements, as in a node of a Redis stream, so that both cut their nodes at the
 * same entries and dump files can take the bytes.
 *
 *   master entry   number of live entries, number of deleted ones, number of fields, the fields, 0
 *   each entry     flags, difference of milliseconds and of sequence number to the block's id, then either the values
 *                  for the fields of the master entry, or the number of fields and fields and values in turn; last the
 *                  number of its elements before, to go backwards
 */
export const entryDeleted = 1;
export const entrySameFields = 2;

/** Reads the entries of one block, in both directions. */
export class BlockReader {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Live entries of the block. */
  liveCount = 0;
  /** Deleted entries that are still in the block. */
  deletedCount = 0;
  /** Where the first entry begins. */
  entriesStart = 0;
  /** The id to which the ids of the entries are relative. */
  readonly blockId = new StreamId();
  #masterFields = 0;
  #masterFieldsStart = 0;

  // The id of the entry that `read` has read.
  readonly id = new StreamId();
  flags = 0;
  fieldCount = 0;
  entryStart = 0;
  entryEnd = 0;
  #valuesStart = 0;

  // The field that `nextField` has read.
  readonly field = new ElementText();
  readonly value = new ElementText();
  #fieldsLeft = 0;
  #fieldAt = 0;
  #valueAt = 0;

  /** Points the reader at the block in bytes[start, end); `blockId` must be set. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    let at = start;
    this.liveCount = integerAt(bytes, at);
    at += elementSize(bytes, at);
    this.deletedCount = integerAt(bytes, at);
    at += elementSize(bytes, at);
    this.#masterFields = integerAt(bytes, at);
    at += elementSize(bytes, at);
    this.#masterFieldsStart = at;
    for (let left = this.#masterFields; left >= 0; left--) at += elementSize(bytes, at);
    this.entriesStart = at;
  }

  /** Reads the entry that begins at `at`; false at the end of the block. */
  read(at: number): boolean {
    if (at >= this.end) return false;
    const bytes = this.bytes;
    this.entryStart = at;
    this.flags = lowWord(bytes, at);
    at += elementSize(bytes, at);
    at = this.#readId(at);
    let elements: number;
    if ((this.flags & entrySameFields) !== 0) {
      this.fieldCount = elements = this.#masterFields;
    } else {
      this.fieldCount = integerAt(bytes, at);
      at += elementSize(bytes, at);
      elements = this.fieldCount * 2;
    }
    this.#valuesStart = at;
    for (; elements >= 0; elements--) at += elementSize(bytes, at);
    this.entryEnd = at;
    return true;
  }

  #readId(at: number): number {
    const { bytes, blockId, id } = this;
    const timeLow = blockId.timeLow + (lowWord(bytes, at) >>> 0);
    id.timeLow = timeLow >>> 0;
    id.timeHigh = (blockId.timeHigh + highWord(bytes, at) + (timeLow > 0xffffffff ? 1 : 0)) >>> 0;
    at += elementSize(bytes, at);
    const sequenceLow = blockId.sequenceLow + (lowWord(bytes, at) >>> 0);
    id.sequenceLow = sequenceLow >>> 0;
    id.sequenceHigh = (blockId.sequenceHigh + highWord(bytes, at) + (sequenceLow > 0xffffffff ? 1 : 0)) >>> 0;
    return at + elementSize(bytes, at);
  }

  /** Where the entry that ends here begins; -1 at the beginning of the entries. */
  entryBefore(end: number): number {
    if (end <= this.entriesStart) return -1;
    const bytes = this.bytes;
    let at = previousElement(bytes, end);
    for (let left = lowWord(bytes, at); left > 0; left--) at = previousElement(bytes, at);
    return at;
  }

  get deleted(): boolean {
    return (this.flags & entryDeleted) !== 0;
  }

  /** Prepares to read the fields of the current entry. */
  beginFields(): void {
    this.#fieldsLeft = this.fieldCount;
    this.#valueAt = this.#valuesStart;
    this.#fieldAt = this.#masterFieldsStart;
  }

  /** Reads the next field and its value; false after the last. */
  nextField(): boolean {
    if (this.#fieldsLeft-- === 0) return false;
    const bytes = this.bytes;
    if ((this.flags & entrySameFields) === 0) {
      this.#fieldAt = this.#valueAt;
      this.#valueAt += elementSize(bytes, this.#fieldAt);
    }
    this.field.read(bytes, this.#fieldAt);
    this.#fieldAt += elementSize(bytes, this.#fieldAt);
    this.value.read(bytes, this.#valueAt);
    this.#valueAt += elementSize(bytes, this.#valueAt);
    return true;
  }
}
