import type { RingNode, SimulatedWorld } from "./simulated-world.ts";

/** An operator who has primaries hand over to their replicas, again and again, also while other things fail. */
export class HandOverOperator {
  readonly #world: SimulatedWorld;
  #hasEnded = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  begin(): void {
    const { queue, chance, nodes } = this.#world;
    queue.after(chance.between(30, chance.pick([200, 700])), () => {
      if (this.#hasEnded) return;
      const primaries = nodes.filter(({ process }) => process?.member.serving !== undefined);
      if (primaries.length > 0) this.#handOver(chance.pick(primaries));
      this.begin();
    });
  }

  end(): void {
    this.#hasEnded = true;
  }

  #handOver(node: RingNode): void {
    const { chance, note } = this.#world;
    const others = (node.seat?.nodes ?? []).filter((name) => name !== node.name);
    const to = others.length === 0 || chance.happens(0.3) ? undefined : chance.pick(others);
    const leaves = chance.happens(0.4);
    note(() => `an operator asks ${node.name} to hand over to ${to ?? "any replica"}${leaves ? ", and to leave" : ""}`);
    node.inProcess((process) => process.take({ type: "handOver", to, leaves }));
  }
}
