import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedWorld } from "./simulated-world.ts";

/** Does harm to a simulated ring, as chance wants. Each fault ends by itself. */
export class Faults {
  readonly #world: SimulatedWorld;
  /** Faults that have not ended. */
  #open = 0;
  #hasEnded = false;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  begin(): void {
    const { chance, mode, network } = this.#world;
    network.lossRate = mode.oneFaultAtATime ? chance.pick([0, 0.01]) : chance.pick([0, 0.02, 0.1]);
    network.repeatRate = chance.pick([0, 0.05]);
    network.slowRate = mode.oneFaultAtATime ? chance.pick([0, 0.01]) : chance.pick([0, 0.02, 0.1]);
    network.slowMs = chance.pick([50, 300, 900]);
    this.#later();
    if (mode.changesVoters) this.#changeVoters();
  }

  /** Everything is well from now on. */
  end(): void {
    this.#hasEnded = true;
    this.#world.network.heal();
    for (const node of this.#world.nodes) {
      node.agreement.slownessMs = 3;
      node.data.slownessMs = 3;
      node.start();
    }
    this.#world.note(() => "no further faults");
  }

  #later(): void {
    const { queue, chance, mode, witness } = this.#world;
    queue.after(chance.between(20, 500), () => {
      if (this.#hasEnded) return;
      const mayHarm = mode.oneFaultAtATime ? this.#open === 0 && witness.isWhole() : this.#open < 3;
      if (mayHarm) this.#doHarm();
      this.#later();
    });
  }

  #doHarm(): void {
    const { chance } = this.#world;
    const node = this.#victim();
    const dice = chance.next();
    if (dice < 0.4) return this.#crash(node, chance.between(1, 1_500));
    if (dice < 0.6) return this.#pause(node);
    if (dice < 0.75) return this.#cut(this.#around(node), chance.between(100, 2_000));
    if (dice < 0.85) return this.#cut(this.#partition(), chance.between(100, 2_000));
    if (dice < 0.92) return this.#cut(this.#oneWay(node), chance.between(100, 2_000));
    return this.#slowDisk(node);
  }

  /** Leaders and primaries are where it hurts. */
  #victim(): SimulatedNode {
    const { chance, nodes } = this.#world;
    const important = nodes.filter(
      ({ process }) => process?.member.role.type === "leader" || process?.member.serving !== undefined,
    );
    return chance.pick(important.length > 0 && chance.happens(0.6) ? important : nodes);
  }

  #crash(node: SimulatedNode, forMs: number): void {
    const { chance, mode } = this.#world;
    node.crash();
    const forgets = mode.forgetsData && chance.happens(0.5);
    this.#during(forMs, () => {
      if (forgets && node.process === undefined) node.forgetData();
      node.start();
    });
  }

  #pause(node: SimulatedNode): void {
    const forMs = this.#world.chance.pick([50, 300, 600, 1_500]);
    node.pause(forMs);
    this.#during(forMs, () => {});
  }

  #slowDisk(node: SimulatedNode): void {
    const { chance } = this.#world;
    this.#world.note(() => `the disk of ${node.name} is slow`);
    node.agreement.slownessMs = chance.pick([50, 400]);
    node.data.slownessMs = chance.pick([3, 100]);
    this.#during(chance.between(200, 2_000), () => {
      node.agreement.slownessMs = 3;
      node.data.slownessMs = 3;
    });
  }

  #cut(directions: readonly (readonly [string, string])[], forMs: number): void {
    const { network, note } = this.#world;
    note(() => `cut: ${directions.map(([from, to]) => `${from}>${to}`).join(" ")}`);
    for (const [from, to] of directions) network.cut(from, to);
    this.#during(forMs, () => {
      note(() => `joined: ${directions.map(([from, to]) => `${from}>${to}`).join(" ")}`);
      for (const [from, to] of directions) network.join(from, to);
    });
  }

  /** Clients still reach the node: it must know by itself that it may not answer. */
  #around({ name }: SimulatedNode): [string, string][] {
    return this.#others(name).flatMap((other): [string, string][] => [
      [name, other],
      [other, name],
    ]);
  }

  #partition(): [string, string][] {
    const { chance, nodes, mode } = this.#world;
    const names = nodes.map(({ name }) => name);
    const count = mode.oneFaultAtATime ? 1 : chance.between(1, Math.max(1, names.length - 1));
    const some = chance.shuffled(names).slice(0, count);
    const others = names.filter((name) => !some.includes(name));
    return some.flatMap((one) =>
      others.flatMap((other): [string, string][] => [
        [one, other],
        [other, one],
      ]),
    );
  }

  #oneWay({ name }: SimulatedNode): [string, string][] {
    const { chance } = this.#world;
    const others = chance.happens(0.5) ? this.#others(name) : [chance.pick(this.#others(name))];
    const isOut = chance.happens(0.5);
    return others.map((other): [string, string] => (isOut ? [name, other] : [other, name]));
  }

  #others(name: string): string[] {
    return this.#world.nodes.map((node) => node.name).filter((other) => other !== name);
  }

  /** An operator sets other voters, again and again. Now and then the leader crashes while a table is under way. */
  #changeVoters(): void {
    const { queue, chance, nodes } = this.#world;
    queue.after(chance.between(50, 400), () => {
      if (this.#hasEnded) return;
      for (const node of nodes) {
        if (node.process?.member.role.type !== "leader") continue;
        const names = chance.shuffled(nodes.map(({ name }) => name));
        const voters = names.slice(0, chance.between(1, names.length));
        node.inProcess((process) => process.take({ type: "voters", voters }));
        if (chance.happens(0.4)) queue.after(chance.next() * 6, () => this.#crashLeader(node));
      }
      this.#changeVoters();
    });
  }

  #crashLeader(node: SimulatedNode): void {
    if (!this.#hasEnded) this.#crash(node, this.#world.chance.between(1, 900));
  }

  #during(forMs: number, end: () => void): void {
    this.#open++;
    this.#world.queue.after(forMs, () => {
      this.#open--;
      if (!this.#hasEnded) end();
    });
  }
}
