import type { Move } from "../agreement/slot-map.ts";
import type { GoingSlots, SeatBook } from "./seat-book.ts";

export interface MovesWithoutLocksOptions {
  readonly book: SeatBook;
  /** The epoch in which this node is the primary of its seat. */
  readonly epoch: () => number | undefined;
  /** See ParticipantHost. */
  readonly whenKept: (run: (isKept: boolean) => void) => void;
}

/**
 * Which moves may take slots away from this primary: nothing of theirs is locked, and all copies in sync know that. A copy that
 * took over without knowing it would lock the keys again, and go on with a write whose slots have gone.
 */
export class MovesWithoutLocks {
  readonly #options: MovesWithoutLocksOptions;
  #epoch: number | undefined;
  /** Of each attempt of a move without locks, whether all copies know it. No new lock comes: its slots are prepared no more. */
  readonly #attempts = new Map<string, boolean>();

  constructor(options: MovesWithoutLocksOptions) {
    this.#options = options;
  }

  has({ attempt, id }: Move, slots: GoingSlots): boolean {
    const { book, whenKept } = this.#options;
    const epoch = this.#options.epoch();
    if (this.#epoch !== epoch) this.#attempts.clear();
    this.#epoch = epoch;
    if (!book.mayGo(slots)) return false;
    const name = `${id} ${attempt}`;
    const isKnown = this.#attempts.get(name);
    if (isKnown === undefined) {
      this.#attempts.set(name, false);
      whenKept((isKept) => {
        if (isKept && this.#epoch === epoch) this.#attempts.set(name, true);
      });
    }
    return isKnown === true;
  }
}
