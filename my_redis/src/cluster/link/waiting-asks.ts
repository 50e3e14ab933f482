import type { PeerAnswered } from "../peer-channel.ts";

interface Ask {
  readonly answered: PeerAnswered;
  readonly deadlineMs: number;
}

const maxAsks = 10_000;
const maxId = 0xffff_ffff;

/** Messages of this node to one other that have no answer yet. */
export class WaitingAsks {
  readonly #asks = new Map<number, Ask>();
  #nextId = 1;

  get isFull(): boolean {
    return this.#asks.size >= maxAsks;
  }

  /** Gives the number by which the answer is found. */
  add(answered: PeerAnswered, deadlineMs: number): number {
    const id = this.#nextId;
    this.#nextId = id === maxId ? 1 : id + 1;
    this.#asks.set(id, { answered, deadlineMs });
    return id;
  }

  /** An answer that comes after its deadline is dropped. */
  answer(id: number, answer: Uint8Array): void {
    const ask = this.#asks.get(id);
    if (ask === undefined) return;
    this.#asks.delete(id);
    ask.answered(answer, undefined);
  }

  expire(nowMs: number): void {
    for (const [id, { answered, deadlineMs }] of this.#asks) {
      if (deadlineMs > nowMs) continue;
      this.#asks.delete(id);
      answered(undefined, "timeout");
    }
  }

  /** Removes all; the caller says to each that there is no answer. */
  takeAll(): readonly PeerAnswered[] {
    const taken = [...this.#asks.values()].map(({ answered }) => answered);
    this.#asks.clear();
    return taken;
  }
}
