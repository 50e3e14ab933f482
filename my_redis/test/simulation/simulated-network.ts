import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { EventQueue } from "../../../tools/simulation/event-queue.ts";

/** Links between all nodes and clients: messages are delayed, lost, repeated, and overtake each other. */
export class SimulatedNetwork {
  lossRate = 0;
  repeatRate = 0;
  /** The share of messages that take long, and how long. */
  slowRate = 0;
  slowMs = 0;
  /** Directions that are cut: "a>b" for messages from a to b. */
  readonly #cuts = new Map<string, number>();
  readonly #queue: EventQueue;
  readonly #chance: SeededRandom;

  constructor(queue: EventQueue, chance: SeededRandom) {
    this.#queue = queue;
    this.#chance = chance;
  }

  send(from: string, to: string, deliver: () => void): void {
    if (this.#cuts.has(`${from}>${to}`) || this.#chance.happens(this.lossRate)) return;
    this.#deliverLater(deliver);
    if (this.#chance.happens(this.repeatRate)) this.#deliverLater(deliver);
  }

  cut(from: string, to: string): void {
    const name = `${from}>${to}`;
    this.#cuts.set(name, (this.#cuts.get(name) ?? 0) + 1);
  }

  /** A direction that was cut twice is open when both cuts have ended. */
  join(from: string, to: string): void {
    const name = `${from}>${to}`;
    const left = (this.#cuts.get(name) ?? 1) - 1;
    if (left === 0) this.#cuts.delete(name);
    else this.#cuts.set(name, left);
  }

  heal(): void {
    this.#cuts.clear();
    this.lossRate = 0;
    this.repeatRate = 0;
    this.slowRate = 0;
  }

  #deliverLater(deliver: () => void): void {
    const isSlow = this.#chance.happens(this.slowRate);
    this.#queue.after(0.5 + this.#chance.next() * (isSlow ? this.slowMs : 4), deliver);
  }
}
