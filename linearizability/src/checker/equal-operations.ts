import type { Operation } from "../history/operation.ts";

/**
 * Numbers for operations: two have the same number when they do and say the same, whoever called them and when. Of equal
 * operations that are open together it does not matter which one takes effect first, so a search tries one of them.
 */
export class EqualOperations {
  readonly #operations: readonly Operation[];
  readonly #numbers: Int32Array;
  readonly #byText = new Map<string, number>();

  constructor(operations: readonly Operation[]) {
    this.#operations = operations;
    this.#numbers = new Int32Array(operations.length).fill(-1);
  }

  numberOf(index: number): number {
    if (this.#numbers[index] === -1) this.#numbers[index] = this.#find(this.#operations[index] as Operation);
    return this.#numbers[index] as number;
  }

  #find({ key, kind, input, output, outcome }: Operation): number {
    const text = JSON.stringify([key, kind, input, output, outcome]);
    const number = this.#byText.get(text) ?? this.#byText.size;
    this.#byText.set(text, number);
    return number;
  }
}
