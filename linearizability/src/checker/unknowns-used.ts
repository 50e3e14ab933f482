import { GrowingInts } from "./growing-ints.ts";

/** The empty set. */
export const noneUsed = 0;

/**
 * Sets of operations with unknown outcomes that have taken effect. A set is a number: an operation and the set that it was
 * added to. So adding takes constant time and memory, and sets of one search share most of their members.
 */
export class UnknownsUsed {
  readonly #operations = new GrowingInts();
  readonly #parents = new GrowingInts();
  readonly #sizes = new GrowingInts();

  constructor() {
    this.#append(-1, -1, 0);
  }

  with(set: number, operation: number): number {
    return this.#append(operation, set, this.#sizes.get(set) + 1);
  }

  /** Removes the set that was made last, which nobody uses. */
  removeLast(): void {
    for (const list of [this.#operations, this.#parents, this.#sizes]) list.length--;
  }

  /** The operation that was added last. */
  last(set: number): number {
    return this.#operations.get(set);
  }

  /** Walks both sets back to the set that they share. */
  isSubset(smaller: number, larger: number): boolean {
    const missing = new Set<number>();
    const extra = new Set<number>();
    let [left, right] = [smaller, larger];
    while (left !== right) {
      if (this.#sizes.get(left) > this.#sizes.get(right)) {
        missing.add(this.last(left));
        left = this.#parents.get(left);
      } else {
        extra.add(this.last(right));
        right = this.#parents.get(right);
      }
    }
    return missing.size <= extra.size && [...missing].every((operation) => extra.has(operation));
  }

  #append(operation: number, parent: number, size: number): number {
    this.#operations.push(operation);
    this.#parents.push(parent);
    return this.#sizes.push(size);
  }
}
