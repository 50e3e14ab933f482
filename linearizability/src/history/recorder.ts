import type { Json, Operation, Outcome } from "./operation.ts";

export interface Call {
  readonly process: string | number;
  readonly kind: string;
  readonly input?: Json;
  /** Default: "". */
  readonly key?: string;
}

/** An operation that was called. Exactly one of its functions is called, once. */
export interface OpenOperation {
  /** The client got this answer. */
  returned(output?: Json): void;
  /** The operation certainly had no effect, and never will have one. */
  failed(): void;
  /** Nobody knows: a timeout, a lost connection. */
  unknown(): void;
}

/**
 * Records what clients do while they do it. The times are the places in the order of calls and returns, which in one
 * JavaScript process is exact, unlike a clock.
 */
export class History {
  readonly #operations: Operation[] = [];
  #time = 0;

  call({ process, kind, input = null, key = "" }: Call): OpenOperation {
    const calledAt = this.#time++;
    const index = this.#operations.length;
    const open = { process, key, kind, input, output: null, calledAt, returnedAt: Number.POSITIVE_INFINITY };
    // Until it ends, nobody knows its outcome.
    this.#operations.push({ ...open, outcome: "unknown" });
    let ended: Outcome | undefined;
    const end = (outcome: Outcome, output: Json): void => {
      if (ended !== undefined) {
        const name = `${kind} of process ${process}, called at ${calledAt}`;
        throw new Error(`${name}: its outcome is ${ended} already, and cannot become ${outcome}`);
      }
      ended = outcome;
      const returnedAt = outcome === "unknown" ? Number.POSITIVE_INFINITY : this.#time++;
      this.#operations[index] = { ...open, output, outcome, returnedAt };
    };
    return {
      returned: (output = null) => end("returned", output),
      failed: () => end("failed", null),
      unknown: () => end("unknown", null),
    };
  }

  /** All operations so far, in the order of their calls. An open one has an unknown outcome. */
  operations(): readonly Operation[] {
    return [...this.#operations];
  }
}
