import type { Address, Heap } from "../../memory/heap.ts";
import { filled, type ObjectValue } from "../../memory/object-table.ts";
import * as record from "../../memory/record.ts";
import { RecordTable } from "../../memory/record-table.ts";
import type { HalfSipHash } from "../../memory/half-sip-hash.ts";
import { ScoreTree } from "./score-tree.ts";

const scoreBytes = 8;
const score = new Float64Array(1);
const scoreAsBytes = new Uint8Array(score.buffer);

/**
 * A large sorted set: a table of its members, each in a record with its score, and a tree for their order. Members are
 * referred to by the addresses of their records, which stay the same until the members are removed.
 */
export class SortedSet implements ObjectValue {
  readonly table: RecordTable;
  readonly tree: ScoreTree;
  readonly #heap: Heap;
  readonly #hasher: HalfSipHash;

  constructor(heap: Heap, hasher: HalfSipHash) {
    this.#heap = heap;
    this.#hasher = hasher;
    this.table = new RecordTable(heap, hasher);
    this.tree = new ScoreTree(heap);
  }

  get size(): number {
    return this.table.size;
  }

  get memoryBytes(): number {
    return this.table.memoryBytes + this.tree.memoryBytes;
  }

  scoreOf(member: Address): number {
    const bytes = record.bytesOf(this.#heap, member);
    const start = record.valueStartOf(this.#heap, member);
    for (let at = 0; at < scoreBytes; at++) scoreAsBytes[at] = bytes[start + at] as number;
    return score[0] as number;
  }

  /** Adds key[start, end), which must not be a member. */
  add(key: Uint8Array, start: number, end: number, newScore: number): void {
    this.addHashed(this.table.hashOf(key, start, end), key, start, end, newScore);
  }

  /** As `add`, for a key whose hash is known. */
  addHashed(hash: number, key: Uint8Array, start: number, end: number, newScore: number): void {
    const member = this.table.addHashed(hash, key, start, end, scoreBytes);
    this.#writeScore(member, newScore);
    this.tree.insert(newScore, member);
  }

  /** Sets the score of key[start, end), whether it is a member or not; false when it had that score. */
  set(key: Uint8Array, start: number, end: number, newScore: number): boolean {
    const hash = this.table.hashOf(key, start, end);
    const member = this.table.findHashed(hash, key, start, end);
    if (member === 0) this.addHashed(hash, key, start, end, newScore);
    else if (this.scoreOf(member) === newScore) return false;
    else this.update(member, newScore);
    return true;
  }

  update(member: Address, newScore: number): void {
    this.tree.remove(this.scoreOf(member), member);
    this.#writeScore(member, newScore);
    this.tree.insert(newScore, member);
    this.table.step();
  }

  #writeScore(member: Address, newScore: number): void {
    const bytes = record.bytesOf(this.#heap, member);
    const start = record.valueStartOf(this.#heap, member);
    score[0] = newScore;
    for (let at = 0; at < scoreBytes; at++) bytes[start + at] = scoreAsBytes[at] as number;
  }

  remove(member: Address): void {
    this.tree.remove(this.scoreOf(member), member);
    this.table.removeEntry(member);
  }

  copy(): SortedSet {
    const heap = this.#heap;
    return filled(new SortedSet(heap, this.#hasher), (copy) => {
      copy.table.reserve(this.size);
      this.tree.visit(0, this.size, false, (itsScore, member) => {
        const start = record.keyStartOf(heap, member);
        copy.add(record.bytesOf(heap, member), start, start + record.keyLengthOf(heap, member), itsScore);
      });
    });
  }

  release(budget: number): boolean {
    // The garbage collector frees the tree; the records have to be freed here.
    if (!this.table.release(budget)) return false;
    this.tree.dispose();
    return true;
  }
}
