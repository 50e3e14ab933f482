import type { RingTable } from "../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../src/cluster/agreement/ring-timing.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { EventQueue } from "../../../tools/simulation/event-queue.ts";
import type { Mode } from "./modes.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedNode } from "./simulated-node.ts";
import type { RingNode, SimulatedWorld } from "./simulated-world.ts";
import { Witness } from "./witness.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly mode: Mode;
  /** Called with each step, in words. */
  readonly onStep?: (step: string) => void;
}

const nodeTimeoutMs = 400;

/** Nodes, links between them, and clients, in virtual time, all derived from one seed. */
export class SimulatedRing implements SimulatedWorld {
  readonly queue = new EventQueue();
  readonly timing = ringTiming(nodeTimeoutMs);
  readonly chance: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly witness: Witness;
  readonly mode: Mode;
  readonly proposals: ((leader: RingNode) => void)[] = [];
  readonly firstTable: RingTable;
  readonly nodes: readonly RingNode[];
  readonly note: (step: () => string) => void;
  readonly #byName: ReadonlyMap<string, RingNode>;
  readonly clients: readonly SimulatedClient[];

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
    this.clients = ["client 1", "client 2"].map((name) => new SimulatedClient(this, name, () => ++writes));
  }

  node(name: string): RingNode {
    return this.#byName.get(name)!;
  }

  start(): void {
    for (const node of this.nodes) node.start();
    for (const client of this.clients) client.run();
  }

  /** Until that time, or the first problem. */
  runUntil(untilMs: number): void {
    while (this.witness.problems.length === 0 && this.queue.step(untilMs));
    this.queue.nowMs = Math.max(this.queue.nowMs, untilMs);
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
