import type { TransactionLimits } from "./transaction-host.ts";

interface Refused {
  readonly type: "refused";
  readonly reason: string;
}

/** A write that is counted until its end. */
export interface CountedWrite<Result> {
  /**
   * The write holds so many bytes now, beside those with which it began: a value that was handed over. False when that is
   * too much; then it counts as before.
   */
  holdBeside(bytes: number): boolean;
  /** To be called once, instead of `done`. */
  end(result: Result | Refused): void;
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

  get tooMuch(): Refused {
    const { maxCoordinated, maxPreparedBytes } = this.#limits;
    const reason = `TRYAGAIN More than ${maxCoordinated} writes across nodes, or ${maxPreparedBytes} bytes of them, wait`;
    return { type: "refused", reason };
  }

  /** Counts a write. Undefined if it was refused, and `done` called. */
  begin<Result>(bytes: number, done: (result: Result | Refused) => void): CountedWrite<Result> | undefined {
    if (this.#open >= this.#limits.maxCoordinated || !this.#hasRoomFor(bytes)) {
      done(this.tooMuch);
      return undefined;
    }
    this.#open++;
    this.#openBytes += bytes;
    let beside = 0;
    return {
      holdBeside: (more) => {
        if (!this.#hasRoomFor(more - beside)) return false;
        this.#openBytes += more - beside;
        beside = more;
        return true;
      },
      end: (result) => {
        this.#open--;
        this.#openBytes -= bytes + beside;
        done(result);
      },
    };
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#openBytes + bytes <= this.#limits.maxPreparedBytes;
  }
}
