import type { RingTable } from "../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../src/cluster/agreement/ring-timing.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { EventQueue } from "../../../tools/simulation/event-queue.ts";
import { Faults } from "./faults.ts";
import type { Mode } from "./modes.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedWorld } from "./simulated-world.ts";
import { Witness } from "./witness.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly mode: Mode;
  /** Called with each step, in words. */
  readonly onStep?: (step: string) => void;
}

const nodeTimeoutMs = 400;
const faultsForMs = 5_000;
/** How soon a ring must be whole after the last fault. */
const wholeWithinMs = 6_000;
/** What an operator who looks at a seat that nobody serves waits for. */
const wordAfterMs = 2_500;

/** Runs one schedule. Returns what was violated, in words: nothing when all is well. */
export function simulate(options: SimulationOptions): readonly string[] {
  const ring = new SimulatedRing(options);
  ring.withFaults();
  if (ring.witness.problems.length === 0) ring.heal();
  return ring.witness.problems;
}

class SimulatedRing implements SimulatedWorld {
  readonly queue = new EventQueue();
  readonly timing = ringTiming(nodeTimeoutMs);
  readonly chance: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly witness: Witness;
  readonly mode: Mode;
  readonly firstTable: RingTable;
  readonly nodes: readonly SimulatedNode[];
  readonly note: (step: () => string) => void;
  readonly #byName: ReadonlyMap<string, SimulatedNode>;
  readonly #clients: readonly SimulatedClient[];
  readonly #faults: Faults;

  constructor({ seed, mode, onStep }: SimulationOptions) {
    this.chance = new SeededRandom(seed);
    this.mode = mode;
    this.note = (step) => onStep?.(`${this.queue.nowMs.toFixed(1).padStart(8)} ms  ${step()}`);
    this.network = new SimulatedNetwork(this.queue, this.chance);
    this.firstTable = firstTable(this.chance, mode);
    this.witness = new Witness(this);
    this.nodes = this.firstTable.voters.map((name) => new SimulatedNode(this, name));
    this.#byName = new Map(this.nodes.map((node) => [node.name, node]));
    let writes = 0;
    this.#clients = ["client 1", "client 2"].map((name) => new SimulatedClient(this, name, () => ++writes));
    this.#faults = new Faults(this);
  }

  node(name: string): SimulatedNode {
    return this.#byName.get(name)!;
  }

  withFaults(): void {
    for (const node of this.nodes) node.start();
    for (const client of this.#clients) client.run();
    this.#faults.begin();
    this.#runUntil(faultsForMs);
  }

  /** Without further faults every seat has to be served again, with all its copies. */
  heal(): void {
    this.#faults.end();
    const endMs = this.queue.nowMs + wholeWithinMs;
    const startMs = this.queue.nowMs;
    if (this.mode.forgetsData) this.queue.after(wordAfterMs, () => this.#sayWord());
    while (this.queue.nowMs < endMs && this.witness.problems.length === 0) {
      this.#runUntil(this.queue.nowMs + 50);
      if (this.#isWell(startMs)) return;
    }
    if (this.witness.problems.length > 0) return;
    this.witness.fail(`R8: the ring is not whole: ${JSON.stringify(this.witness.newest)}`);
  }

  #runUntil(untilMs: number): void {
    while (this.witness.problems.length === 0 && this.queue.step(untilMs));
    this.queue.nowMs = Math.max(this.queue.nowMs, untilMs);
  }

  #isWell(sinceMs: number): boolean {
    const { witness } = this;
    const isWritten = (seat: string): boolean =>
      this.#clients.some(({ writtenAtMs }) => (writtenAtMs.get(seat) ?? 0) > sinceMs);
    return witness.isWhole() && witness.newest.seats.every(({ name }) => isWritten(name));
  }

  /** An operator gives seats that nobody serves to the node that has the most. */
  #sayWord(): void {
    const { witness } = this;
    for (const { name, nodes } of witness.newest.seats) {
      if (witness.isServed(name)) continue;
      const writesOf = (node: string): number => this.node(node).process?.copy.writes.length ?? 0;
      const node = nodes.toSorted((one, other) => writesOf(other) - writesOf(one))[0]!;
      this.note(() => `an operator appoints ${node} for ${name}`);
      witness.words.add(name);
      for (const each of this.nodes) each.inProcess((process) => process.take({ type: "appoint", seat: name, node }));
    }
    this.queue.after(500, () => this.#sayWord());
  }
}

/** One or two seats of two or three nodes, and sometimes a node that only votes. */
function firstTable(chance: SeededRandom, { acknowledgement }: Mode): RingTable {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const shape = chance.pick([[3], [2], [2, 2], [3], [2, 2], [5]]);
  const seated = shape.reduce((sum, count) => sum + count, 0);
  const voters = names.slice(0, Math.max(3, seated + (chance.happens(0.3) ? 1 : 0)));
  let at = 0;
  const seats = shape.map((count, index) => {
    const nodes = names.slice(at, at + count);
    at += count;
    const primary = { node: nodes[0]!, run: 0 };
    return { name: `seat ${index + 1}`, nodes, primary, epoch: 0, revision: 0, inSync: [primary] };
  });
  return { version: 0, voters: voters.slice(0, 5), formerVoters: undefined, acknowledgement, seats };
}
