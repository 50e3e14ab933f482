import { elementSize, integerAt, isInteger } from "../packed-element.ts";
import { BlockReader, entrySameFields } from "./block-reader.ts";
import { StreamId } from "./stream-id.ts";

/** Elements of an entry besides its fields: flags, two differences; and the number of fields where that is given. */
const elementsBefore = 3;

/**
 * Checks a block of unknown origin: a run of elements that were checked by `ElementRun`. A block that passes can become
 * part of a stream as it is.
 */
export class BlockCheck {
  /** The ids of the first and the last entry that is not deleted. */
  readonly firstId = new StreamId();
  readonly lastId = new StreamId();
  readonly #reader = new BlockReader();
  readonly #before = new StreamId();
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /**
   * The number of live entries of bytes[start, end), at least one; 0 when the block cannot be used as it is. Its id and
   * those of its entries must be greater than `after`, and in order.
   */
  check(bytes: Uint8Array, start: number, end: number, blockId: StreamId, after: StreamId): number {
    if (blockId.compare(after) <= 0 || !this.#checkMaster(bytes, start, end)) return 0;
    const reader = this.#reader;
    reader.blockId.copy(blockId);
    reader.open(bytes, start, end);
    const masterFields = this.#masterFields;
    this.#before.copy(after);
    let [live, deleted] = [0, 0];
    for (let at = reader.entriesStart; at < end; at = reader.entryEnd) {
      if (!this.#checkEntry(at, masterFields)) return 0;
      reader.read(at);
      const { id } = reader;
      if (id.compare(this.#before) <= 0 || id.compare(blockId) < 0) return 0;
      this.#before.copy(id);
      if (reader.deleted) {
        deleted++;
        continue;
      }
      if (live++ === 0) this.firstId.copy(id);
      this.lastId.copy(id);
    }
    return live === reader.liveCount && deleted === reader.deletedCount ? live : 0;
  }

  #masterFields = 0;

  #checkMaster(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    if (this.#count() < 0 || this.#count() < 0) return false;
    this.#masterFields = this.#count();
    return this.#masterFields > 0 && this.#skip(this.#masterFields) && this.#count() === 0;
  }

  /** Whether a whole entry begins here. */
  #checkEntry(at: number, masterFields: number): boolean {
    this.#at = at;
    const flags = this.#count();
    if (
      flags < 0 ||
      flags > 3 ||
      !this.#isIntegerNext() ||
      !this.#skip(1) ||
      !this.#isIntegerNext() ||
      !this.#skip(1)
    ) {
      return false;
    }
    if ((flags & entrySameFields) !== 0) {
      return this.#skip(masterFields) && this.#count() === masterFields + elementsBefore;
    }
    const fields = this.#count();
    return fields > 0 && this.#skip(fields * 2) && this.#count() === fields * 2 + elementsBefore + 1;
  }

  #isIntegerNext(): boolean {
    return this.#at < this.#end && isInteger(this.#bytes, this.#at);
  }

  /** Skips elements; false when there are fewer. */
  #skip(elements: number): boolean {
    let at = this.#at;
    for (let left = elements; left > 0; left--) {
      if (at >= this.#end) return false;
      at += elementSize(this.#bytes, at);
    }
    this.#at = at;
    return true;
  }

  /** Reads an integer from 0 on; -1 for anything else. */
  #count(): number {
    if (!this.#isIntegerNext()) return -1;
    const value = integerAt(this.#bytes, this.#at);
    this.#at += elementSize(this.#bytes, this.#at);
    return value >= 0 ? value : -1;
  }
}
