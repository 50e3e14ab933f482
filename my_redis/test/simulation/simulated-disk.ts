import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { EventQueue } from "../../../tools/simulation/event-queue.ts";

const chanceToSurvive = 0.3;

/** A disk that takes its time. What it has not confirmed is lost in a crash, or not: as chance wants. */
export class SimulatedDisk<Content> {
  readonly #queue: EventQueue;
  readonly #chance: SeededRandom;
  content: Content;
  /** In the order of writing. */
  #waiting: { readonly content: Content; readonly confirm: () => void }[] = [];
  #isBusy = false;
  #isFull = false;
  #life = 0;
  /** The longest time that a write takes. */
  slownessMs = 3;

  constructor(queue: EventQueue, chance: SeededRandom, content: Content) {
    this.#queue = queue;
    this.#chance = chance;
    this.content = content;
  }

  write(content: Content, confirm: () => void): void {
    this.#waiting.push({ content, confirm });
    if (!this.#isBusy && !this.#isFull) this.#next();
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** A full disk takes nothing: what is written waits. */
  set isFull(isFull: boolean) {
    this.#isFull = isFull;
    if (!isFull && !this.#isBusy && this.#waiting.length > 0) this.#next();
  }

  /** The process has ended. The first of the unconfirmed writes may have reached the disk. */
  crash(): void {
    for (const { content } of this.#waiting) {
      if (this.#isFull || !this.#chance.happens(chanceToSurvive)) break;
      this.content = content;
    }
    this.#waiting = [];
    this.#isBusy = false;
    this.#life++;
  }

  #next(): void {
    this.#isBusy = true;
    const [count, life] = [this.#waiting.length, this.#life];
    this.#queue.after(this.#chance.next() * this.slownessMs, () => {
      if (life !== this.#life) return;
      if (this.#isFull) {
        this.#isBusy = false;
        return;
      }
      // One sync for all that were written before it began.
      const done = this.#waiting.splice(0, count);
      this.content = done.at(-1)!.content;
      this.#isBusy = false;
      for (const { confirm } of done) confirm();
      if (this.#waiting.length > 0 && !this.#isBusy && !this.#isFull) this.#next();
    });
  }
}
