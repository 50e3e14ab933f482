import type { RingTable } from "../../src/cluster/agreement/ring-table.ts";
import type { RingTiming } from "../../src/cluster/agreement/ring-timing.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { EventQueue } from "../../../tools/simulation/event-queue.ts";
import type { Mode } from "./modes.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { Witness } from "./witness.ts";

/** What all parts of a simulated ring share. */
export interface SimulatedWorld {
  readonly queue: EventQueue;
  readonly chance: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly witness: Witness;
  readonly mode: Mode;
  readonly timing: RingTiming;
  /** The table with which all nodes begin. */
  readonly firstTable: RingTable;
  /** Called before a proposal of a leader goes out. */
  readonly proposals: ((leader: SimulatedNode) => void)[];
  readonly nodes: readonly SimulatedNode[];
  node(name: string): SimulatedNode;
  /** One line of the trace. The text is made only when somebody reads it. */
  note(step: () => string): void;
}
