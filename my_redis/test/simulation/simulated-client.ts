import type { Write } from "./data-copy.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const answerWithinMs = 300;

/** A client that reads and writes, one request at a time. It asks the primary that it knows of, or anybody. */
export class SimulatedClient {
  readonly #world: SimulatedWorld;
  readonly #name: string;
  readonly #newWrite: () => Write;
  /** When a write of each seat was answered last. */
  readonly writtenAtMs = new Map<string, number>();

  constructor(world: SimulatedWorld, name: string, newWrite: () => Write) {
    this.#world = world;
    this.#name = name;
    this.#newWrite = newWrite;
  }

  run(): void {
    const { chance, queue } = this.#world;
    queue.after(chance.between(1, 40), () => this.#ask());
  }

  #ask(): void {
    const { chance, queue, network, witness } = this.#world;
    const seat = chance.pick(witness.newest.seats);
    const node = chance.happens(0.7) ? seat.primary.node : chance.pick(seat.nodes);
    const write = chance.happens(0.6) ? this.#newWrite() : undefined;
    let isOver = false;
    const end = (outcome: "done" | "refused" | "unknown"): void => {
      if (isOver) return;
      isOver = true;
      if (outcome === "done" && write !== undefined) this.writtenAtMs.set(seat.name, queue.nowMs);
      this.run();
    };
    queue.after(answerWithinMs, () => end("unknown"));
    const answer = (outcome: "done" | "refused"): void => network.send(node, this.#name, () => end(outcome));
    network.send(this.#name, node, () => this.#world.node(node).receiveRequest({ seat: seat.name, write, answer }));
  }
}
