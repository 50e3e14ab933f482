import type { Position } from "../agreement/position.ts";

export interface KeptDataOptions {
  /** This node's data at present, as the primary of its seat; undefined while it is none. */
  readonly position: () => Position | undefined;
  /** Whether all copies in sync have what comes before this, and this node has its lease. */
  readonly isKept: (position: Position) => boolean;
}

/** What waits until every copy in sync has the data of this primary, whatever cluster-acknowledgement says. */
export class KeptData {
  readonly #options: KeptDataOptions;
  /** In the order of their positions. */
  #waiting: { readonly position: Position; readonly run: (isKept: boolean) => void }[] = [];
  #isScheduled = false;

  constructor(options: KeptDataOptions) {
    this.#options = options;
  }

  /** Calls back later with true once all of the data so far is kept, or with false when this epoch is over. */
  whenKept(run: (isKept: boolean) => void): void {
    const position = this.#options.position();
    if (position === undefined) setImmediate(() => run(false));
    else this.#waiting.push({ position, run });
    this.lookSoon();
  }

  /** Must be called when more may be kept, or the epoch may be over. Nothing runs from within. */
  lookSoon(): void {
    if (this.#waiting.length === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#look();
    });
  }

  #look(): void {
    const { isKept, position } = this.#options;
    const epoch = position()?.epoch;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const isOver = first.position.epoch !== epoch;
      if (!isOver && !isKept(first.position)) return;
      this.#waiting.shift();
      first.run(!isOver);
    }
  }
}
