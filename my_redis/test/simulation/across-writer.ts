import { nodesOf } from "../../src/cluster/agreement/ring-table.ts";
import type { Write } from "./data-copy.ts";
import { slotsOfRing } from "./first-table.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

const answerWithinMs = 1_500;

/** A client that writes to slots of several seats at once, one write at a time. It asks any node of the ring. */
export class AcrossWriter {
  readonly #world: SimulatedWorld;
  readonly #name: string;
  readonly #newWrite: () => Write;
  #hasEnded = false;

  constructor(world: SimulatedWorld, name: string, newWrite: () => Write) {
    this.#world = world;
    this.#name = name;
    this.#newWrite = newWrite;
  }

  run(): void {
    this.#world.queue.after(this.#world.chance.between(1, 40), () => {
      if (!this.#hasEnded) this.#write();
    });
  }

  end(): void {
    this.#hasEnded = true;
  }

  #write(): void {
    const { chance, queue, network, witness } = this.#world;
    const node = chance.pick([...nodesOf(witness.newest)]);
    const slots = chance
      .shuffled(Array.from({ length: slotsOfRing }, (_, slot) => slot))
      .slice(0, chance.between(2, 3));
    const write = this.#newWrite();
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      this.run();
    };
    queue.after(answerWithinMs, end);
    const answer = (): void => network.send(node, this.#name, end);
    const isInSteps = chance.happens(0.3);
    let hasArrived = false;
    network.send(this.#name, node, () => {
      if (hasArrived) return;
      hasArrived = true;
      this.#world.node(node).inProcess((process) => process.beginAcross({ slots, write, isInSteps, answer }));
    });
  }
}
