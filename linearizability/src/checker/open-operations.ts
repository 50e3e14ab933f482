import { never, type Timeline } from "./timeline.ts";

/**
 * A place in the timeline that moves forward and back, and the operations with a known outcome that are open there. Each
 * has a slot, whose number is its bit in sets of open operations. Slots are used again, so that a set is as large as the
 * most clients that were active at once, and not as the history.
 */
export class OpenOperations {
  /** For each operation its slot; -1 for one with an unknown outcome. */
  readonly slotOf: Int32Array;
  /** For each slot the operation in it, or -1. */
  readonly occupants: Int32Array;
  /** 32-bit words in a set of slots. */
  readonly words: number;
  /** The slots that are taken. */
  readonly taken: Int32Array;
  readonly #events: Int32Array;
  /** The next event's place. */
  place = 0;

  constructor({ operations, events, returnedAt }: Timeline) {
    this.#events = events;
    this.slotOf = new Int32Array(operations.length).fill(-1);
    const free: number[] = [];
    let slots = 0;
    for (const event of events) {
      const operation = event >> 1;
      if (returnedAt[operation] === never) continue;
      if ((event & 1) === 1) free.push(this.slotOf[operation] as number);
      else this.slotOf[operation] = free.pop() ?? slots++;
    }
    this.occupants = new Int32Array(slots).fill(-1);
    this.words = Math.max(1, Math.ceil(slots / 32));
    this.taken = new Int32Array(this.words);
  }

  get isAtEnd(): boolean {
    return this.place === this.#events.length;
  }

  /** The next event: an operation times two, plus one for its return. */
  get next(): number {
    return this.#events[this.place] as number;
  }

  forward(): void {
    const event = this.#events[this.place++] as number;
    this.#set(event >> 1, (event & 1) === 0);
  }

  backTo(place: number): void {
    while (this.place > place) {
      const event = this.#events[--this.place] as number;
      this.#set(event >> 1, (event & 1) === 1);
    }
  }

  #set(operation: number, isOpen: boolean): void {
    const slot = this.slotOf[operation] as number;
    if (slot < 0) return;
    this.occupants[slot] = isOpen ? operation : -1;
    if (isOpen) this.taken[slot >> 5]! |= 1 << (slot & 31);
    else this.taken[slot >> 5]! &= ~(1 << (slot & 31));
  }
}
