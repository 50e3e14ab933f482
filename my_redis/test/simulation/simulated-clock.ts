import { clockDrift } from "../../src/cluster/agreement/ring-timing.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { EventQueue } from "../../../tools/simulation/event-queue.ts";

/** A process's monotonic clock. It goes wrong by the drift that is allowed, and begins anywhere. */
export class SimulatedClock {
  readonly #queue: EventQueue;
  readonly #rate: number;
  readonly #startMs: number;

  constructor(queue: EventQueue, chance: SeededRandom) {
    this.#queue = queue;
    this.#rate = 1 + clockDrift * chance.pick([-1, -1, 0, 1, 1]);
    this.#startMs = chance.between(0, 100_000) - queue.nowMs * this.#rate;
  }

  nowMs(): number {
    return this.#startMs + this.#queue.nowMs * this.#rate;
  }

  /** The true time of a moment of this clock. */
  trueMs(momentMs: number): number {
    return (momentMs - this.#startMs) / this.#rate;
  }
}
