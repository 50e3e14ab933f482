/**
 * A value that is too large or too structured for a packed record: a JavaScript object that keeps its bulk in typed
 * arrays or in the record heap.
 */
export interface ObjectValue {
  /**
   * Frees heap memory, for at most about `budget` elements; true when nothing is left to free. It is called again and
   * again between requests, so that freeing a huge value causes no pause.
   */
  release(budget: number): boolean;
  /** An equal value that shares nothing with this one, for COPY. Only values that no key ever refers to lack it. */
  copy?(): ObjectValue;
  /** The number of elements, as an estimate of the work to free the value. */
  readonly size: number;
  /** Estimated bytes of memory, for MEMORY USAGE. */
  readonly memoryBytes: number;
}

/**
 * Fills a new object, which no key refers to yet, and returns it. If that fails, the object's memory is freed, and the
 * error goes on.
 */
export function filled<Value extends ObjectValue>(value: Value, fill: (value: Value) => void): Value {
  try {
    fill(value);
    return value;
  } catch (error) {
    while (!value.release(Number.MAX_SAFE_INTEGER));
    throw error;
  }
}

/** Estimated bytes of an object itself, without its blocks of the heap and the arrays that it counts. */
const objectBytes = 400;

/** Objects by number, so that a record can refer to one in four bytes. Numbers of removed objects are used again. */
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
