import type { RecordTable } from "../memory/record-table.ts";
import type { SortedSet } from "../values/sorted-set/sorted-set.ts";
import type { ListChunks } from "../values/list/list-chunks.ts";
import type { Stream } from "../values/stream/stream.ts";
import { type LoadedNodes, type LoadedTable, wordsPerEntry } from "./value-visitor.ts";

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

  added(_count: number, bytes: number): void {
    this.#table.countRecords(bytes);
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
  /** How many of them are known to be in descending order, except perhaps at the places in `#seams`. */
  #descending = 0;
  readonly #seams: number[] = [];

  /** `most`: the number of members that are expected. */
  constructor(set: SortedSet, most: number) {
    this.#set = set;
    this.#scores = new Float64Array(most);
    this.#addresses = new Int32Array(most);
  }

  addNew(words: Int32Array, scores: Float64Array, first: number, count: number): number {
    const added = this.#set.table.addRecords(words, first * wordsPerEntry, count, wordsPerEntry);
    this.#keep(words, scores, first, added);
    return added;
  }

  addDistinct(words: Int32Array, scores: Float64Array, entry: number): boolean {
    const at = entry * wordsPerEntry;
    if (!this.#set.table.addRecord(words[at] as number, words[at + 1] as number)) return false;
    this.#keep(words, scores, entry, 1);
    return true;
  }

  #keep(words: Int32Array, scores: Float64Array, first: number, count: number): void {
    const keptScores = this.#scores;
    const addresses = this.#addresses;
    let to = this.#count;
    for (let entry = first; entry < first + count; entry++, to++) {
      keptScores[to] = scores[entry * 2 + 1] as number;
      addresses[to] = words[entry * wordsPerEntry + 1] as number;
    }
    this.#count = to;
  }

  added(count: number, bytes: number, isDescending: boolean): void {
    this.#set.table.countRecords(bytes);
    if (!isDescending) return;
    this.#descending += count;
    this.#seams.push(this.#count - count);
  }

  finish(): void {
    const seams = this.#descending === this.#count ? this.#seams : undefined;
    this.#set.tree.insertAll(this.#scores.subarray(0, this.#count), this.#addresses.subarray(0, this.#count), seams);
  }
}

/** Nodes whose blocks a loader fills. `adopt` takes them over from their words, and gives the number of their entries. */
class AdoptedNodes implements LoadedNodes {
  entries = 0;
  readonly #wordsPerNode: number;
  readonly #adopt: (words: Int32Array, bytes: number) => number;

  constructor(wordsPerNode: number, adopt: (words: Int32Array, bytes: number) => number) {
    this.#wordsPerNode = wordsPerNode;
    this.#adopt = adopt;
  }

  add(words: Int32Array, count: number, bytes: number): void {
    this.entries += this.#adopt(words.subarray(0, count * this.#wordsPerNode), bytes);
  }
}

/** Chunks of a large list. */
export const loadedChunks = (chunks: ListChunks): LoadedNodes =>
  new AdoptedNodes(4, (words, bytes) => chunks.adoptChunks(words, bytes));

/** Blocks of a stream. */
export const loadedBlocks = (stream: Stream): LoadedNodes =>
  new AdoptedNodes(8, (words, bytes) => stream.adoptBlocks(words, 8, bytes));
