import { nodesOf } from "../../src/cluster/agreement/ring-table.ts";
import type { RingNode, SimulatedWorld } from "./simulated-world.ts";

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
    if (mode.hurtsElections) this.#hurtElections();
    this.#later();
    if (mode.changesVoters) this.#changeVoters();
    if (mode.movesSlots) this.#harmHandOvers(chance.pick([0, 0.1, 0.3]));
    if (mode.writesAcross) this.#harmDecisions(chance.pick([0, 0.1, 0.4]));
    if (mode.changesVoters) this.#isolateLeaders(chance.pick([0, 0.1, 0.5]));
    if (mode.changesVoters && mode.movesSlots) this.#partVoters(chance.pick([0, 0.3, 0.9]));
  }

  #hurtElections(): void {
    const { chance, network, nodes, queue } = this.#world;
    network.lossRate = chance.pick([0.1, 0.3]);
    network.slowRate = 0.1;
    for (const node of nodes) node.agreement.slownessMs = chance.pick([3, 50, 200]);
    queue.after(chance.between(20, 300), () => {
      if (this.#hasEnded) return;
      const node = chance.pick(nodes);
      if (node.process !== undefined) this.#crash(node, chance.between(1, 50));
      this.#hurtElections();
    });
  }

  /** Everything is well from now on. */
  end(): void {
    this.#hasEnded = true;
    this.#world.network.heal();
    for (const node of this.#world.nodes) {
      node.agreement.slownessMs = 3;
      node.data.slownessMs = 3;
      node.data.isFull = false;
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
    const { chance, mode } = this.#world;
    const node = this.#victim();
    if (mode.fillsDisks && chance.happens(0.3)) return this.#fillDisk(node);
    const dice = chance.next();
    if (dice < 0.4) return this.#crash(node, chance.between(1, chance.pick([20, 1_500])));
    if (dice < 0.58) return this.#pause(node);
    if (dice < 0.7) return this.#cut(this.#around(node), chance.between(100, 2_000));
    if (dice < 0.8) return this.#cut(this.#partition(), chance.between(100, 2_000));
    if (dice < 0.86) return this.#cut(this.#oneWay(node), chance.between(100, 2_000));
    if (dice < 0.9 && !mode.oneFaultAtATime) return this.#restartVoters(node);
    if (dice < 0.94) return this.#cut(this.#betweenTwo(node), chance.between(100, 2_000));
    return this.#slowDisk(node);
  }

  /** Leaders and primaries are where it hurts. */
  #victim(): RingNode {
    const { chance, nodes } = this.#world;
    const important = nodes.filter(
      ({ process }) => process?.member.role.type === "leader" || process?.member.serving !== undefined,
    );
    return chance.pick(important.length > 0 && chance.happens(0.6) ? important : nodes);
  }

  #crash(node: RingNode, forMs: number): void {
    const { chance, mode } = this.#world;
    node.crash();
    const forgets = mode.forgetsData && chance.happens(0.5);
    this.#during(forMs, () => {
      if (forgets && node.process === undefined) node.forgetData();
      node.start();
    });
  }

  /** A node is cut off from another one, and stands for election while those who could vote restart. */
  #restartVoters(leader: RingNode): void {
    const { chance, queue, timing, nodes } = this.#world;
    const forMs = timing.silenceMs * 3;
    const directions = this.#betweenTwo(leader);
    this.#cut(directions, forMs);
    const between = new Set(directions.flat());
    const voters = nodes.filter(({ name }) => !between.has(name));
    for (let atMs = timing.silenceMs; atMs < forMs; atMs += chance.between(60, 200)) {
      const voter = chance.pick(voters);
      queue.after(atMs, () => {
        if (!this.#hasEnded && voter.process !== undefined) this.#crash(voter, 1);
      });
    }
  }

  #pause(node: RingNode): void {
    const forMs = this.#world.chance.pick([50, 300, 600, 1_500]);
    node.pause(forMs);
    this.#during(forMs, () => {});
  }

  #fillDisk({ data, name }: RingNode): void {
    this.#world.note(() => `the disk of ${name} is full`);
    data.isFull = true;
    this.#during(this.#world.chance.between(100, 3_000), () => {
      this.#world.note(() => `the disk of ${name} has room`);
      data.isFull = false;
    });
  }

  #slowDisk(node: RingNode): void {
    const { chance, mode } = this.#world;
    this.#world.note(() => `the disk of ${node.name} is slow`);
    node.agreement.slownessMs = chance.pick([50, 400]);
    node.data.slownessMs = chance.pick([3, 100, 1_000]);
    // A replica that is slow is no fault where writes do not wait for it: others may come meanwhile.
    const during =
      mode.acknowledgement === "primary" ? this.#world.queue.after.bind(this.#world.queue) : this.#during.bind(this);
    during(chance.between(200, 3_000), () => {
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
  #around({ name }: RingNode): [string, string][] {
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
    return this.#apart(some);
  }

  /** Some nodes, and all others. */
  #apart(some: readonly string[]): [string, string][] {
    const names = this.#world.nodes.map(({ name }) => name);
    const others = names.filter((name) => !some.includes(name));
    return some.flatMap((one) =>
      others.flatMap((other): [string, string][] => [
        [one, other],
        [other, one],
      ]),
    );
  }

  /** The others still hear both of them. */
  #betweenTwo({ name }: RingNode): [string, string][] {
    const other = this.#world.chance.pick(this.#others(name));
    return [
      [name, other],
      [other, name],
    ];
  }

  #oneWay({ name }: RingNode): [string, string][] {
    const { chance } = this.#world;
    const others = chance.happens(0.5) ? this.#others(name) : [chance.pick(this.#others(name))];
    const isOut = chance.happens(0.5);
    return others.map((other): [string, string] => (isOut ? [name, other] : [other, name]));
  }

  #others(name: string): string[] {
    return this.#world.nodes.map((node) => node.name).filter((other) => other !== name);
  }

  /** An operator sets other voters, again and again. Now and then the leader crashes meanwhile. */
  #changeVoters(): void {
    const { queue, chance, nodes } = this.#world;
    queue.after(chance.between(50, 400), () => {
      if (this.#hasEnded) return;
      for (const node of nodes) {
        if (node.process?.member.role.type !== "leader") continue;
        const names = chance.shuffled(this.#ringNodes());
        const voters = names.slice(0, chance.between(1, names.length));
        node.inProcess((process) => process.take({ type: "voters", voters }));
        if (chance.happens(0.4)) queue.after(chance.next() * 6, () => this.#crashLeader(node));
      }
      this.#changeVoters();
    });
  }

  /** Whoever has not joined yet does not vote. */
  #ringNodes(): string[] {
    const { witness, nodes, spare } = this.#world;
    const inRing = nodesOf(witness.newest);
    const outside = new Set(spare.flatMap((seat) => seat.nodes).filter((node) => !inRing.has(node)));
    return nodes.map(({ name }) => name).filter((name) => !outside.has(name));
  }

  /** A leader is cut off while it proposes a table: nobody else has it, and the leader comes back with it. */
  #isolateLeaders(rate: number): void {
    const { chance, proposals } = this.#world;
    proposals.push((node) => {
      if (!this.#hasEnded && chance.happens(rate)) this.#cut(this.#around(node), chance.between(450, 1_000));
    });
  }

  /** Those who get a vote are cut off with the leader that proposes it, from all who had one before. */
  #partVoters(rate: number): void {
    const { chance, proposals } = this.#world;
    proposals.push((leader) => {
      const { committed, durable } = leader.process!.member;
      const before = new Set(committed?.voters);
      const added = durable.stored.table.voters.filter((voter) => !before.has(voter));
      if (this.#hasEnded || added.length === 0 || !chance.happens(rate)) return;
      this.#cut(this.#apart([leader.name, ...added]), chance.between(600, 1_500));
    });
  }

  /** A source, a target or the leader is harmed while a move is handed over, or two of them. */
  #harmHandOvers(rate: number): void {
    const { chance, freezes, witness, nodes, mode } = this.#world;
    freezes.push((source, id) => {
      if (this.#hasEnded || !chance.happens(rate)) return;
      if (mode.oneFaultAtATime && (this.#open > 0 || !witness.isWhole())) return;
      const { slots, seats } = witness.newest;
      const target = seats.find(({ name }) => name === slots?.moves.find((move) => move.id === id)?.to)?.primary.node;
      const leader = nodes.find(isLeader);
      if (mode.writesAcross && !mode.oneFaultAtATime && chance.happens(0.3)) return this.#cutFromCopies(source);
      if (!mode.oneFaultAtATime && target !== undefined && leader !== undefined && chance.happens(0.3)) {
        return this.#parts(source, target, leader.name);
      }
      const involved = nodes.filter((node) => node === source || node.name === target || isLeader(node));
      const victims = chance.shuffled(involved).slice(0, mode.oneFaultAtATime ? 1 : chance.between(1, 2));
      for (const victim of victims) this.#harmSoon(victim);
    });
  }

  /** The target's word reaches the leader only when the source has been replaced. */
  #parts(source: RingNode, target: string, leader: string): void {
    const { chance, queue } = this.#world;
    const directions = [
      [target, leader],
      [leader, target],
    ] as const;
    this.#cut(directions, chance.between(600, 1_100));
    queue.after(chance.between(10, 100), () => {
      if (!this.#hasEnded) this.#cut(this.#around(source), chance.between(600, 1_500));
    });
  }

  /** The home of a write across seats is harmed when it is asked to decide, or the node that asks. */
  #harmDecisions(rate: number): void {
    const { chance, decisions, mode, witness } = this.#world;
    decisions.push((coordinator, home) => {
      if (this.#hasEnded || !chance.happens(rate)) return;
      if (mode.oneFaultAtATime && (this.#open > 0 || !witness.isWhole())) return;
      const isAlone = mode.oneFaultAtATime || coordinator === home || isLeader(home);
      if (isAlone || chance.happens(0.2)) {
        return this.#harmSoon(chance.pick([coordinator, home]));
      }
      this.#loseDecision(coordinator, home);
    });
  }

  /** The home is not asked before it has given the write up. Only other seats hear of that, and then a copy takes over. */
  #loseDecision(coordinator: RingNode, home: RingNode): void {
    const { chance, nodes, queue, timing, writeLimits } = this.#world;
    const { silenceMs } = writeLimits;
    this.#cut(this.#between(coordinator, [home]), silenceMs * 1.5);
    // It gives up with its last lease.
    queue.after(chance.between(Math.max(0, silenceMs - timing.leaseMs), silenceMs * 0.8), () => {
      if (this.#hasEnded) return;
      this.#cut(this.#between(home, nodes.filter(isLeader)), timing.silenceMs);
      this.#cutFromCopies(home);
    });
  }

  /** What it does from now on is lost when a copy takes over. */
  #cutFromCopies(primary: RingNode): void {
    const { chance, nodes, timing } = this.#world;
    const copies = nodes.filter((node) => node !== primary && primary.seat?.nodes.includes(node.name));
    this.#cut(this.#between(primary, copies), chance.between(timing.silenceMs, timing.silenceMs * 2));
  }

  #between(one: RingNode, others: readonly RingNode[]): [string, string][] {
    return others.flatMap((other): [string, string][] => [
      [one.name, other.name],
      [other.name, one.name],
    ]);
  }

  #harmSoon(victim: RingNode): void {
    const { chance, queue } = this.#world;
    // From here on it counts as a fault, so that no other one comes before it.
    this.#during(15, () => {});
    queue.after(chance.next() * 15, () => {
      if (this.#hasEnded) return;
      const dice = chance.next();
      if (dice < 0.4) return this.#crash(victim, chance.between(1, 600));
      if (dice < 0.6) return this.#pause(victim);
      this.#cut(dice < 0.8 ? this.#around(victim) : this.#betweenTwo(victim), chance.between(100, 1_000));
    });
  }

  #crashLeader(node: RingNode): void {
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

const isLeader = ({ process }: RingNode): boolean => process?.member.role.type === "leader";
