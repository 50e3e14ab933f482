import type { RingRequest } from "../../src/cluster/agreement/ring-change.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

/** An operator who lets seats and replicas come and go, changes weights, and changes its mind. */
export class Operator {
  readonly #world: SimulatedWorld;
  #hasEnded = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  begin(): void {
    const { queue, chance } = this.#world;
    queue.after(chance.between(30, chance.pick([200, 900])), () => {
      if (this.#hasEnded) return;
      this.#say((this.#world.mode.changesReplicas ? this.#nextOfReplicas() : undefined) ?? this.#next());
      this.begin();
    });
  }

  end(): void {
    this.#hasEnded = true;
  }

  #next(): RingRequest {
    const { chance, witness, spare } = this.#world;
    const { seats } = witness.newest;
    const outside = spare.filter(({ name }) => seats.every((seat) => seat.name !== name));
    const dice = chance.next();
    if (dice < 0.4 && outside.length > 0) {
      const { name, nodes } = chance.pick(outside);
      return { type: "join", seat: name, nodes, weight: chance.pick([0.5, 1, 1, 2]) };
    }
    if (dice < 0.65) return { type: "leave", seat: chance.pick(seats).name };
    if (dice < 0.85) return { type: "weights", weights: { [chance.pick(seats).name]: chance.pick([0.5, 1, 2, 4]) } };
    return { type: "cancel" };
  }

  /** About replicas, or a seat whose nodes do not answer; undefined for anything else. */
  #nextOfReplicas(): RingRequest | undefined {
    const { chance, nodes, witness } = this.#world;
    const { seats } = witness.newest;
    const isAway = (name: string): boolean => {
      const { isPaused, process } = this.#world.node(name);
      return isPaused || process === undefined;
    };
    const away = seats.filter((seat) => seat.nodes.every(isAway));
    const dice = chance.next();
    if (dice < 0.25) return { type: "replicate", seat: chance.pick(seats).name, node: chance.pick(nodes).name };
    if (dice < 0.45) return { type: "dismiss", node: chance.pick(nodes).name };
    return dice < 0.65 ? { type: "giveUp", seat: chance.pick(away.length > 0 ? away : seats).name } : undefined;
  }

  /** Whoever leads takes it. */
  #say(request: RingRequest): void {
    const { nodes, note } = this.#world;
    note(() => `an operator asks ${JSON.stringify(request)}`);
    for (const node of nodes) {
      if (node.process?.member.role.type === "leader")
        node.inProcess((process) => process.take({ type: "change", request }));
    }
  }
}
