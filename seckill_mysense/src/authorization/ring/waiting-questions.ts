import type { Verdict } from "../authorizer.ts";

interface Waiting {
  readonly untilMs: number;
  /** Undefined once it was given up: a later answer is dropped. */
  settle: ((verdict: Verdict | undefined) => void) | undefined;
}

/** Questions under way to one peer. Answers come in the order of the questions, so that none needs a number. */
export class WaitingQuestions {
  readonly #maxWaiting: number;
  #queue: Waiting[] = [];
  #head = 0;
  /** Before this one, all have been given up. */
  #firstOpen = 0;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  get count(): number {
    return this.#queue.length - this.#head;
  }

  get isFull(): boolean {
    return this.count >= this.#maxWaiting;
  }

  /** Its verdict; undefined when none comes by `untilMs`. */
  add(untilMs: number): Promise<Verdict | undefined> {
    return new Promise((settle) => this.#queue.push({ untilMs, settle }));
  }

  /** Takes in the next answer. Gives whether a question was waiting for it. */
  answer(verdict: Verdict): boolean {
    const waiting = this.#queue[this.#head];
    if (waiting === undefined) return false;
    this.#head++;
    this.#firstOpen = Math.max(this.#firstOpen, this.#head);
    this.#compact();
    waiting.settle?.(verdict);
    return true;
  }

  /** Gives up those that are due; how many there were. */
  expire(nowMs: number): number {
    let expired = 0;
    while (this.#firstOpen < this.#queue.length && this.#queue[this.#firstOpen]!.untilMs <= nowMs) {
      this.#giveUp(this.#queue[this.#firstOpen++]!);
      expired++;
    }
    return expired;
  }

  /** Gives up all of them: the connection is gone. How many had not been given up before. */
  loseAll(): number {
    const lost = this.#queue.slice(this.#firstOpen);
    this.#queue = [];
    this.#head = this.#firstOpen = 0;
    for (const waiting of lost) this.#giveUp(waiting);
    return lost.length;
  }

  #giveUp(waiting: Waiting): void {
    waiting.settle?.(undefined);
    waiting.settle = undefined;
  }

  /** Answered questions are removed in pieces: removing each from the front would move all others. */
  #compact(): void {
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = this.#firstOpen = 0;
    } else if (this.#head >= 1_024) {
      this.#queue.splice(0, this.#head);
      this.#firstOpen -= this.#head;
      this.#head = 0;
    }
  }
}
