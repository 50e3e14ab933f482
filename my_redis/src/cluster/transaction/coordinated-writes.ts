import type { TransactionLimits } from "./transaction-host.ts";

interface Refused {
  readonly type: "refused";
  readonly reason: string;
}

/** The writes across nodes that this node's clients have under way: a bounded number, of bounded size. */
export class CoordinatedWrites {
  readonly #limits: Pick<TransactionLimits, "maxCoordinated" | "maxPreparedBytes">;
  #open = 0;
  #openBytes = 0;

  constructor(limits: Pick<TransactionLimits, "maxCoordinated" | "maxPreparedBytes">) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#open;
  }

  /** Counts a write until the returned function is called, which calls `done`. Undefined if it was refused, and `done` called. */
  begin<Result>(bytes: number, done: (result: Result | Refused) => void): typeof done | undefined {
    const { maxCoordinated, maxPreparedBytes } = this.#limits;
    if (this.#open >= maxCoordinated || this.#openBytes + bytes > maxPreparedBytes) {
      const reason = `TRYAGAIN More than ${maxCoordinated} writes across nodes, or ${maxPreparedBytes} bytes of them, wait`;
      done({ type: "refused", reason });
      return undefined;
    }
    this.#open++;
    this.#openBytes += bytes;
    return (result) => {
      this.#open--;
      this.#openBytes -= bytes;
      done(result);
    };
  }
}
