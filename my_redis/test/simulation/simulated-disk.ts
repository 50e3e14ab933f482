import type { SimulatedWorld } from "./simulated-world.ts";

/** A disk that takes its time. What it has not confirmed is lost in a crash, or not: as chance wants. */
export class SimulatedDisk<Content> {
  readonly #world: SimulatedWorld;
  readonly #chanceToSurvive: number;
  content: Content;
  /** In the order of writing. */
  #waiting: { readonly content: Content; readonly confirm: () => void }[] = [];
  #isBusy = false;
  #life = 0;
  /** The longest time that a write takes. */
  slownessMs = 3;

  constructor(world: SimulatedWorld, content: Content) {
    this.#world = world;
    this.content = content;
    this.#chanceToSurvive = 0.3;
  }

  write(content: Content, confirm: () => void): void {
    this.#waiting.push({ content, confirm });
    if (!this.#isBusy) this.#next();
  }

  /** The process has ended. The first of the unconfirmed writes may have reached the disk. */
  crash(): void {
    for (const { content } of this.#waiting) {
      if (!this.#world.chance.happens(this.#chanceToSurvive)) break;
      this.content = content;
    }
    this.#waiting = [];
    this.#isBusy = false;
    this.#life++;
  }

  #next(): void {
    this.#isBusy = true;
    const [count, life] = [this.#waiting.length, this.#life];
    this.#world.queue.after(this.#world.chance.next() * this.slownessMs, () => {
      if (life !== this.#life) return;
      // One sync for all that were written before it began.
      const done = this.#waiting.splice(0, count);
      this.content = done.at(-1)!.content;
      this.#isBusy = false;
      for (const { confirm } of done) confirm();
      if (this.#waiting.length > 0 && !this.#isBusy) this.#next();
    });
  }
}
