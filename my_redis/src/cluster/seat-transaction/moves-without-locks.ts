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
  /** So many of the book's endings are known to all copies. What a primary finds when it takes over may be known to it alone. */
  #known = -1;
  #isAsking = false;
  /** By the number of a move: how many endings there were when nothing was locked any more. No new lock comes: nothing is prepared. */
  readonly #ended = new Map<number, { readonly attempt: number; readonly endings: number }>();

  constructor(options: MovesWithoutLocksOptions) {
    this.#options = options;
  }

  has({ attempt, id }: Move, slots: GoingSlots): boolean {
    const { book } = this.#options;
    this.learn();
    if (!book.mayGo(slots)) return false;
    const before = this.#ended.get(id);
    const ended = before?.attempt === attempt ? before : { attempt, endings: book.endings };
    this.#ended.set(id, ended);
    return this.#known >= ended.endings;
  }

  /** Asks what all copies know by now. While slots are copied, so that nobody waits for it when they are to go. */
  learn(): void {
    const { book, whenKept } = this.#options;
    const epoch = this.#options.epoch();
    if (this.#epoch !== epoch) this.#begin(epoch);
    const { endings } = book;
    if (this.#isAsking || this.#known >= endings) return;
    this.#isAsking = true;
    whenKept((isKept) => {
      if (this.#epoch !== epoch) return;
      this.#isAsking = false;
      if (isKept) this.#known = endings;
    });
  }

  #begin(epoch: number | undefined): void {
    this.#epoch = epoch;
    this.#known = -1;
    this.#isAsking = false;
    this.#ended.clear();
  }

  /** Forgets moves that are over. */
  keepOnly(isUnderWay: (move: number) => boolean): void {
    for (const move of [...this.#ended.keys()]) if (!isUnderWay(move)) this.#ended.delete(move);
  }
}
