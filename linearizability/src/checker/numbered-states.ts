import type { Operation } from "../history/operation.ts";
import type { Model } from "../models/model.ts";
import type { Budget } from "./budget.ts";

/** What `step` gives where the operation is impossible. */
export const impossible = -1;

/** The states of a model that a search has met, by number: equal states have the same one. */
export class NumberedStates<State> {
  readonly #model: Model<State>;
  readonly #operations: readonly Operation[];
  readonly #budget: Budget;
  readonly #states: State[] = [];
  readonly #numbers = new Map<unknown, number>();
  readonly initial: number;

  constructor(model: Model<State>, operations: readonly Operation[], budget: Budget) {
    this.#model = model;
    this.#operations = operations;
    this.#budget = budget;
    this.initial = this.#numberOf(model.initial);
  }

  /** The number of the state after an operation, or `impossible`. */
  step(state: number, operation: number): number {
    const before = this.#states[state] as State;
    const after = this.#model.step(before, this.#operations[operation] as Operation);
    if (after === undefined) return impossible;
    return after === before ? state : this.#numberOf(after);
  }

  /** Whether an operation only reads, and what it has read is what is there. */
  isFulfilledRead(state: number, operation: number): boolean {
    const read = this.#operations[operation] as Operation;
    if (this.#model.onlyReads?.(read) !== true) return false;
    return this.#model.step(this.#states[state] as State, read) !== undefined;
  }

  #numberOf(state: State): number {
    const identity = this.#model.identity(state);
    let number = this.#numbers.get(identity);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(identity, number);
      // One state for each operation is as large as the history, and free.
      if (number > this.#operations.length) this.#budget.keep(1);
    }
    return number;
  }
}
