/**
 * A value that is too large or too structured for a packed record: a JavaScript object that keeps its bulk in typed
 * arrays or in the record heap.
 */
export interface ObjectValue {
  /**
   * Gives heap memory back, at most about `budget` elements' worth; true when nothing is left. Called repeatedly,
   * between requests, so that a huge value is freed without a pause.
   */
  release(budget: number): boolean;
  /** An equal value that shares nothing with this one, for COPY. Missing only where no key ever names the object. */
  copy?(): ObjectValue;
  /** Elements, to judge how much work freeing will be. */
  readonly size: number;
  /** Estimated bytes of memory, for MEMORY USAGE. */
  readonly memoryBytes: number;
}

/** What an object weighs besides the heap's blocks and the arrays that it counts: estimated. */
const objectBytes = 400;

/** Objects by number, so that a record can name one in four bytes. Numbers are used again. */
export class ObjectTable {
  readonly #objects: (ObjectValue | undefined)[] = [];
  readonly #free: number[] = [];

  /** Bytes that the objects themselves take. */
  get memoryBytes(): number {
    return (this.#objects.length - this.#free.length) * objectBytes;
  }

  add(value: ObjectValue): number {
    const number = this.#free.pop() ?? this.#objects.length;
    this.#objects[number] = value;
    return number;
  }

  get(number: number): ObjectValue {
    return this.#objects[number] as ObjectValue;
  }

  replace(number: number, value: ObjectValue): void {
    this.#objects[number] = value;
  }

  remove(number: number): ObjectValue {
    const value = this.#objects[number] as ObjectValue;
    this.#objects[number] = undefined;
    this.#free.push(number);
    return value;
  }
}
