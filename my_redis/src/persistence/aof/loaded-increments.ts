import { LogLoadError } from "./log-load-error.ts";
import { type LoadResult, type OpeningCheck } from "./log-loader.ts";
import { parsePredecessor, type Predecessor } from "./predecessor.ts";

interface LoadedIncrement extends Predecessor {
  readonly path: string;
}

/** The increments of a log that have been loaded so far. The ones after them say what they were. */
export class LoadedIncrements implements OpeningCheck {
  readonly #all = new Map<number, LoadedIncrement>();
  /** The one that was loaded last, if it was not empty; else the one before it. */
  last: Predecessor | undefined;

  add(sequence: number, path: string, { goodBytes: bytes, sum }: LoadResult): void {
    const added = { sequence, bytes, sum, path };
    this.#all.set(sequence, added);
    if (bytes > 0) this.last = added;
  }

  /** Throws LogLoadError when an increment is not what it was when the one at `laterPath` was begun. */
  check(annotation: string, laterPath: string): void {
    const expected = parsePredecessor(annotation);
    // After a rewrite the increments before it are gone.
    const found = expected === undefined ? undefined : this.#all.get(expected.sequence);
    if (expected === undefined || found === undefined) return;
    const { path, bytes, sum } = found;
    if (bytes === expected.bytes && sum === expected.sum) return;
    const problem =
      bytes === expected.bytes
        ? `the file has other checksums than when ${laterPath} was begun`
        : `the file has ${bytes} bytes, where ${laterPath} says ${expected.bytes}`;
    throw new LogLoadError({ path, offset: Math.min(bytes, expected.bytes), goodBytes: bytes, problem, isGap: true });
  }
}
