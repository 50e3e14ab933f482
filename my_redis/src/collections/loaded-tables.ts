import type { RecordTable } from "../memory/record-table.ts";
import type { SortedSet } from "../values/sorted-set/sorted-set.ts";
import { type LoadedTable, wordsPerEntry } from "./value-visitor.ts";

/** A large hash or set whose records a loader writes. */
export class LoadedRecords implements LoadedTable {
  readonly width: 1 | 2;
  readonly #table: RecordTable;

  constructor(table: RecordTable, width: 1 | 2) {
    this.#table = table;
    this.width = width;
  }

  addNew(words: Int32Array, _scores: Float64Array, first: number, count: number): number {
    return this.#table.addRecords(words, first * wordsPerEntry, count, wordsPerEntry);
  }

  addDistinct(words: Int32Array, _scores: Float64Array, entry: number): boolean {
    const at = entry * wordsPerEntry;
    return this.#table.addRecord(words[at] as number, words[at + 1] as number);
  }

  finish(): void {}
}

/** As `LoadedRecords`, for a large sorted set. Its order is built at the end, for all members at once. */
export class LoadedScores implements LoadedTable {
  readonly width = 8;
  readonly #set: SortedSet;
  readonly #scores: Float64Array;
  readonly #addresses: Int32Array;
  #count = 0;

  /** `most`: the number of members that are expected. */
  constructor(set: SortedSet, most: number) {
    this.#set = set;
    this.#scores = new Float64Array(most);
    this.#addresses = new Int32Array(most);
  }

  addNew(words: Int32Array, scores: Float64Array, first: number, count: number): number {
    const added = this.#set.table.addRecords(words, first * wordsPerEntry, count, wordsPerEntry);
    for (let entry = first; entry < first + added; entry++) this.#keep(words, scores, entry);
    return added;
  }

  addDistinct(words: Int32Array, scores: Float64Array, entry: number): boolean {
    const at = entry * wordsPerEntry;
    if (!this.#set.table.addRecord(words[at] as number, words[at + 1] as number)) return false;
    this.#keep(words, scores, entry);
    return true;
  }

  #keep(words: Int32Array, scores: Float64Array, entry: number): void {
    this.#scores[this.#count] = scores[entry * 2 + 1] as number;
    this.#addresses[this.#count] = words[entry * wordsPerEntry + 1] as number;
    this.#count++;
  }

  finish(): void {
    this.#set.tree.insertAll(this.#scores.subarray(0, this.#count), this.#addresses.subarray(0, this.#count));
  }
}
