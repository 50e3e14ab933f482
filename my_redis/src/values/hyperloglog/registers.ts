import { cardinality } from "./cardinality.ts";
import { countDense, mergeDense, registerCount, writeDense } from "./dense-registers.ts";
import { forEachRegister } from "./sparse-runs.ts";

/** Registers in the dense or the sparse form, bytes[registersAt, end). */
interface StoredRegisters {
  readonly isSparse: boolean;
  readonly bytes: Uint8Array;
  readonly registersAt: number;
  readonly end: number;
}

const histogram = new Int32Array(64);

/** The cardinality of a HyperLogLog in the dense form, whose registers begin at `at`. */
export function countOfDense(bytes: Uint8Array, at: number): number {
  histogram.fill(0);
  countDense(bytes, at, histogram);
  return cardinality(histogram);
}

/**
 * The registers of a union of HyperLogLogs, one byte each. While only sparse ones are merged, it remembers which
 * registers are not 0, so that counting and clearing need not look at all of them.
 */
export class Registers {
  readonly values = new Uint8Array(registerCount);
  readonly #words = new Int32Array(this.values.buffer);
  readonly #raised = new Uint16Array(registerCount);
  #raisedCount = 0;
  /** Whether a dense form was merged: then `#raised` is of no use. */
  #anyDense = false;

  get anyDense(): boolean {
    return this.#anyDense;
  }

  clear(): void {
    const { values } = this;
    if (this.#anyDense) values.fill(0);
    else for (let at = 0; at < this.#raisedCount; at++) values[this.#raised[at] as number] = 0;
    this.#raisedCount = 0;
    this.#anyDense = false;
  }

  /** Raises each register to its value in a HyperLogLog; false when that one is corrupt. */
  merge(stored: StoredRegisters): boolean {
    if (stored.isSparse) return this.#mergeRuns(stored);
    this.#anyDense = true;
    mergeDense(stored.bytes, stored.registersAt, this.values);
    return true;
  }

  #mergeRuns({ bytes, registersAt, end }: StoredRegisters): boolean {
    const { values } = this;
    const raised = this.#raised;
    let count = this.#raisedCount;
    const isWhole = forEachRegister(bytes, registersAt, end, (index, value) => {
      const had = values[index] as number;
      if (had === 0) raised[count++] = index;
      if (value > had) values[index] = value;
    });
    // Once a dense form was merged, registers that were 0 may be named twice: the list is not used then.
    this.#raisedCount = this.#anyDense ? 0 : count;
    return isWhole;
  }

  /** Visits the registers that are not 0, in order, until the visitor returns false. */
  forEachRaised(visit: (index: number, value: number) => boolean): void {
    const { values } = this;
    const words = this.#words;
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue;
      for (let index = word * 4; index < word * 4 + 4; index++) {
        const value = values[index] as number;
        if (value > 0 && !visit(index, value)) return;
      }
    }
  }

  /** The cardinality that belongs to these registers. */
  count(): number {
    const { values } = this;
    histogram.fill(0);
    if (this.#anyDense) {
      for (let index = 0; index < registerCount; index++) {
        const value = values[index] as number;
        histogram[value] = (histogram[value] as number) + 1;
      }
    } else {
      histogram[0] = registerCount - this.#raisedCount;
      for (let at = 0; at < this.#raisedCount; at++) {
        const value = values[this.#raised[at] as number] as number;
        histogram[value] = (histogram[value] as number) + 1;
      }
    }
    return cardinality(histogram);
  }

  /** Writes the registers in the dense form. */
  write(bytes: Uint8Array, at: number): void {
    writeDense(this.values, bytes, at);
  }
}
