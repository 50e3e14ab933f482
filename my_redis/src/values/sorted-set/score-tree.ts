import type { Address, Heap } from "../../memory/heap.ts";
import { compareKeys } from "./compare-key.ts";
import { capacity, fewEntries, nodeBytes, type Precedes, ScoreNode, sumOf, totalOf } from "./score-node.ts";

/**
 * The order of a large sorted set: a B+ tree of (score, address of the member's record), by score and then by the
 * member's bytes. Each inner node has the number of entries below it, so that a rank is found in O(log n).
 */
export class ScoreTree {
  readonly #heap: Heap;
  #root = new ScoreNode(undefined);
  #nodes = 0;
  /** The place at which `#seek` stopped in its leaf. */
  #within = 0;
  /** The leaf at which the last count ended, and the rank of its first entry. Mostly, reading begins there. */
  #foundLeaf: ScoreNode | undefined;
  #foundFrom = 0;
  // The entry that is being inserted or removed.
  #score = 0;
  #address: Address = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#countNodes(1);
  }

  #countNodes(more: number): void {
    this.#nodes += more;
    this.#heap.besideBytes += more * nodeBytes;
  }

  /**
   * To be called when the tree is no longer used: its memory is left to the garbage collector and no longer counted.
   */
  dispose(): void {
    this.#countNodes(-this.#nodes);
  }

  get size(): number {
    return totalOf(this.#root);
  }

  get memoryBytes(): number {
    return this.#nodes * nodeBytes;
  }

  /** Adds an entry. Its record must exist as long as the entry is in the tree. */
  insert(score: number, address: Address): void {
    this.#foundLeaf = undefined;
    this.#score = score;
    this.#address = address;
    const root = this.#root;
    const sibling = this.#insertBelow(root);
    if (sibling === undefined) return;
    this.#root = new ScoreNode([]);
    this.#countNodes(1);
    for (const node of [root, sibling]) {
      this.#root.insert(this.#root.count, node.scores[0] as number, node.addresses[0] as number, node);
    }
    this.#root.sum();
  }

  /**
   * Inserts many entries, which are mostly in ascending or descending order. Then a tree that is empty is built from
   * its leaves. `scores` and `addresses` are changed. `seams`: they are in descending order, except perhaps where an entry
   * at one of these places follows another.
   */
  insertAll(scores: Float64Array, addresses: Int32Array, seams?: readonly number[]): void {
    const { length } = scores;
    const isDescending = seams?.every((at) => at === 0 || this.#areAscendingAt(scores, addresses, at, at - 1)) ?? false;
    if (isDescending || (length > 1 && (scores[0] as number) > (scores[length - 1] as number))) {
      scores.reverse();
      addresses.reverse();
    }
    if (this.size === 0 && (isDescending || this.#areAscending(scores, addresses))) this.#build(scores, addresses);
    else for (let at = 0; at < length; at++) this.insert(scores[at] as number, addresses[at] as number);
  }

  #areAscending(scores: Float64Array, addresses: Int32Array): boolean {
    for (let at = 1; at < scores.length; at++) {
      if (!this.#areAscendingAt(scores, addresses, at - 1, at)) return false;
    }
    return true;
  }

  /** Whether the entry at the first place belongs before the one at the second. */
  #areAscendingAt(scores: Float64Array, addresses: Int32Array, first: number, second: number): boolean {
    const [one, other] = [scores[first] as number, scores[second] as number];
    if (one !== other) return one < other;
    return compareKeys(this.#heap, addresses[first] as number, addresses[second] as number) < 0;
  }

  #build(scores: Float64Array, addresses: Int32Array): void {
    let level: ScoreNode[] = [];
    for (let at = 0; at < scores.length; at += capacity) {
      const leaf = new ScoreNode(undefined);
      leaf.fill(scores.subarray(at, at + capacity), addresses.subarray(at, at + capacity));
      level.push(leaf);
    }
    let nodes = level.length;
    while (level.length > 1) {
      const parents: ScoreNode[] = [];
      for (let at = 0; at < level.length; at += capacity) {
        const parent = new ScoreNode([]);
        for (const child of level.slice(at, at + capacity)) parent.adopt(child);
        parents.push(parent);
      }
      level = parents;
      nodes += level.length;
    }
    const [root] = level;
    if (root === undefined) return;
    this.#foundLeaf = undefined;
    this.#root = root;
    this.#countNodes(nodes - this.#nodes);
  }

  /** Inserts below a node. If the node had to be split, gives its new right neighbour. */
  #insertBelow(node: ScoreNode): ScoreNode | undefined {
    const { children } = node;
    const at = this.#position(node);
    if (children === undefined) return this.#place(node, at, this.#score, this.#address, undefined);
    const index = Math.max(at - 1, 0);
    const child = children[index] as ScoreNode;
    const sibling = this.#insertBelow(child);
    node.refresh(index, child);
    node.total++;
    if (sibling === undefined) return undefined;
    return this.#place(node, index + 1, sibling.scores[0] as number, sibling.addresses[0] as number, sibling);
  }

  #place(
    node: ScoreNode,
    at: number,
    score: number,
    address: Address,
    child: ScoreNode | undefined,
  ): ScoreNode | undefined {
    if (node.count < capacity) {
      node.insert(at, score, address, child);
      return undefined;
    }
    this.#countNodes(1);
    // Entries that come in ascending or descending order leave full nodes behind.
    const right = node.split(at === capacity || at === 0 ? at : capacity / 2);
    if (at > node.count || right.count === 0) right.insert(at - node.count, score, address, child);
    else node.insert(at, score, address, child);
    node.sum();
    right.sum();
    return right;
  }

  /** The number of entries of the node up to the one that is being inserted or removed, including that one. */
  #position(node: ScoreNode): number {
    const score = this.#score;
    const { scores, addresses } = node;
    let low = 0;
    let high = node.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = scores[middle] as number;
      if (other < score || (other === score && this.#isUpTo(addresses[middle] as number))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isUpTo(address: Address): boolean {
    if (address === this.#address) return true;
    return compareKeys(this.#heap, address, this.#address) < 0;
  }

  /** Removes an entry, which must be in the tree. Its record must still exist. */
  remove(score: number, address: Address): void {
    this.#foundLeaf = undefined;
    this.#score = score;
    this.#address = address;
    this.#removeBelow(this.#root);
    while (this.#root.children !== undefined && this.#root.count === 1) {
      this.#root = this.#root.children[0] as ScoreNode;
      this.#countNodes(-1);
    }
  }

  #removeBelow(node: ScoreNode): void {
    const index = this.#position(node) - 1;
    const { children } = node;
    if (children === undefined) {
      node.remove(index);
      return;
    }
    const child = children[index] as ScoreNode;
    this.#removeBelow(child);
    node.total--;
    if (child.count === 0) {
      node.remove(index);
      this.#countNodes(-1);
      return;
    }
    node.refresh(index, child);
    if (child.count < fewEntries) this.#join(node, index > 0 ? index - 1 : index);
  }

  /** Joins the child at `left` with the next one, if one node has room for both. */
  #join(node: ScoreNode, left: number): void {
    const [first, second] = [node.children?.[left], node.children?.[left + 1]];
    if (first === undefined || second === undefined || first.count + second.count > capacity) return;
    first.append(second, 0);
    node.refresh(left, first);
    node.remove(left + 1);
    this.#countNodes(-1);
  }

  /** The number of entries with a lower score; with `orEqual` also those with this score. Faster than `countWhile`. */
  countBelow(score: number, orEqual: boolean): number {
    let node = this.#root;
    let count = 0;
    while (node.children !== undefined && node.totals !== undefined) {
      const index = Math.max(node.countBelow(score, orEqual) - 1, 0);
      count += sumOf(node.totals, index);
      node = node.children[index] as ScoreNode;
    }
    const within = node.countBelow(score, orEqual);
    this.#foundLeaf = node;
    this.#foundFrom = count;
    return count + within;
  }

  /** The number of entries that precede the searched position; a suitable `precedes` gives any rank. */
  countWhile(precedes: Precedes): number {
    let node = this.#root;
    let count = 0;
    while (node.children !== undefined && node.totals !== undefined) {
      const index = Math.max(node.countWhile(precedes) - 1, 0);
      count += sumOf(node.totals, index);
      node = node.children[index] as ScoreNode;
    }
    return count + node.countWhile(precedes);
  }

  /** Copies `count` entries from a rank on. There must be that many. */
  read(rank: number, count: number, addresses: Int32Array, scores: Float64Array): void {
    for (let to = 0; to < count;) {
      const leaf = this.#seek(rank + to);
      const end = Math.min(leaf.count, this.#within + count - to);
      for (let at = this.#within; at < end; at++, to++) {
        addresses[to] = leaf.addresses[at] as number;
        scores[to] = leaf.scores[at] as number;
      }
    }
  }

  /** Visits the entries with the ranks [from, to), forwards or backwards. The visitor must not change the tree. */
  visit(from: number, to: number, backwards: boolean, visit: (score: number, address: Address) => void): void {
    if (backwards) this.#visitBackwards(from, to, visit);
    else this.#visitForwards(from, to, visit);
  }

  #visitForwards(from: number, to: number, visit: (score: number, address: Address) => void): void {
    for (let rank = from; rank < to;) {
      const leaf = this.#seek(rank);
      const end = Math.min(leaf.count, this.#within + to - rank);
      rank += end - this.#within;
      for (let at = this.#within; at < end; at++) visit(leaf.scores[at] as number, leaf.addresses[at] as number);
    }
  }

  #visitBackwards(from: number, to: number, visit: (score: number, address: Address) => void): void {
    for (let rank = to - 1; rank >= from;) {
      const leaf = this.#seek(rank);
      const last = Math.max(0, this.#within - (rank - from));
      rank -= this.#within - last + 1;
      for (let at = this.#within; at >= last; at--) visit(leaf.scores[at] as number, leaf.addresses[at] as number);
    }
  }

  /** The leaf that contains this rank; `#within` is the place in it. */
  #seek(rank: number): ScoreNode {
    const found = this.#foundLeaf;
    if (found !== undefined && rank >= this.#foundFrom && rank - this.#foundFrom < found.count) {
      this.#within = rank - this.#foundFrom;
      return found;
    }
    let node = this.#root;
    let left = rank;
    while (node.children !== undefined && node.totals !== undefined) {
      const { totals } = node;
      let index = 0;
      for (; left >= (totals[index] as number); index++) left -= totals[index] as number;
      node = node.children[index] as ScoreNode;
    }
    this.#within = left;
    return node;
  }
}
