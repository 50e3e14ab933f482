import { nodesOf, type RingTable } from "../../src/cluster/agreement/ring-table.ts";
import { ringTiming } from "../../src/cluster/agreement/ring-timing.ts";
import { transactionLimits } from "../../src/cluster/transaction/node-timing.ts";
import type { TransactionLimits } from "../../src/cluster/transaction/transaction-host.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { EventQueue } from "../../../tools/simulation/event-queue.ts";
import { AcrossWriter } from "./across-writer.ts";
import { type FirstRing, firstRing } from "./first-table.ts";
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
/**
 * A write across seats is silent as soon as a node, or sooner: after 5 s at most. So the shares are those of short timeouts, of
 * cluster-node-timeout's default, and of a minute.
 */
const silencesOfWrites = [nodeTimeoutMs, nodeTimeoutMs / 3, nodeTimeoutMs / 12];

/** Nodes, links between them, and clients, in virtual time, all derived from one seed. */
export class SimulatedRing implements SimulatedWorld {
  readonly queue = new EventQueue();
  readonly timing = ringTiming(nodeTimeoutMs);
  readonly chance: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly witness: Witness;
  readonly mode: Mode;
  readonly proposals: ((leader: RingNode) => void)[] = [];
  readonly freezes: ((source: RingNode, move: number) => void)[] = [];
  readonly writeLimits: TransactionLimits;
  readonly decisions: ((coordinator: RingNode, home: RingNode) => void)[] = [];
  readonly firstTable: RingTable;
  readonly spare: FirstRing["spare"];
  readonly nodes: readonly RingNode[];
  readonly note: (step: () => string) => void;
  readonly #byName: ReadonlyMap<string, RingNode>;
  readonly clients: readonly SimulatedClient[];
  /** Clients that write across seats. */
  readonly writers: readonly AcrossWriter[];

  constructor({ seed, mode, onStep }: SimulationOptions) {
    this.chance = new SeededRandom(seed);
    this.mode = mode;
    this.note = (step) => onStep?.(`${this.queue.nowMs.toFixed(1).padStart(8)} ms  ${step()}`);
    this.network = new SimulatedNetwork(this.queue, this.chance);
    this.writeLimits = transactionLimits(mode.writesAcross ? this.chance.pick(silencesOfWrites) : nodeTimeoutMs);
    const { table, spare } = firstRing(this.chance, mode);
    this.firstTable = table;
    this.spare = spare;
    this.witness = new Witness(this);
    const names = new Set([...nodesOf(table), ...spare.flatMap(({ nodes }) => nodes)]);
    this.nodes = [...names].map((name) => new SimulatedNode(this, name));
    this.#byName = new Map(this.nodes.map((node) => [node.name, node]));
    let writes = 0;
    const clients = mode.movesSlots ? ["client 1", "client 2", "client 3"] : ["client 1", "client 2"];
    this.clients = clients.map((name) => new SimulatedClient(this, name, () => ++writes));
    const writers = mode.writesAcross ? ["writer 1", "writer 2", "writer 3"] : [];
    this.writers = writers.map((name) => new AcrossWriter(this, name, () => ++writes));
  }

  node(name: string): RingNode {
    return this.#byName.get(name)!;
  }

  firstTableOf(node: string): RingTable {
    if (nodesOf(this.firstTable).has(node)) return this.firstTable;
    return { version: 0, voters: [], formerVoters: undefined, acknowledgement: "replica", seats: [] };
  }

  start(): void {
    for (const node of this.nodes) node.start();
    for (const client of this.clients) client.run();
    for (const writer of this.writers) writer.run();
  }

  /** Until that time, or the first problem. */
  runUntil(untilMs: number): void {
    while (this.witness.problems.length === 0 && this.queue.step(untilMs));
    this.queue.nowMs = Math.max(this.queue.nowMs, untilMs);
  }
}
