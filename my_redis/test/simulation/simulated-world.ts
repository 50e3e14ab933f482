import type { TransactionResult } from "../../src/cluster/transaction/coordinator.ts";
import type { TransactionLimits } from "../../src/cluster/transaction/transaction-host.ts";
import type { SeatAnswer, SeatRequest } from "../../src/cluster/seat-transaction/seat-message.ts";
import type { Durable } from "../../src/cluster/agreement/durable.ts";
import type { Member, RingEvent } from "../../src/cluster/agreement/ring-member.ts";
import type { RingTable, Seat } from "../../src/cluster/agreement/ring-table.ts";
import type { RingTiming } from "../../src/cluster/agreement/ring-timing.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { EventQueue } from "../../../tools/simulation/event-queue.ts";
import type { DataCopy, DataMessage, Write } from "./data-copy.ts";
import type { Mode } from "./modes.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";

export interface ClientRequest {
  readonly slot: number;
  /** Undefined: it is a read. */
  readonly write: Write | undefined;
  readonly answer: (outcome: "done" | "refused") => void;
}

/** A write to slots of any seats. */
export interface WriteAcross {
  readonly slots: readonly number[];
  readonly write: Write;
  /** The last slot is prepared after the others. */
  readonly isInSteps: boolean;
  readonly answer: (result: TransactionResult) => void;
}

/** What a request was answered with. */
export interface Answer {
  readonly seat: string;
  readonly slot: number;
  readonly epoch: number;
  /** All writes that the answer rests on. */
  readonly seen: readonly Write[];
  /** The writes that were acknowledged when the request was carried out. */
  readonly expected: readonly Write[];
  /** How many writes across seats had been seen in another slot then. */
  readonly expectedAcross: number;
}

/** One run of a node, as others see it. */
export interface RingProcess {
  readonly clock: SimulatedClock;
  readonly member: Member;
  readonly copy: DataCopy;
  take(event: RingEvent): void;
  onData(from: string, message: DataMessage): void;
  onRequest(request: ClientRequest): void;
  /** Another process asks the primary of a seat. */
  onAcross(request: SeatRequest, answer: (answer: SeatAnswer) => void): void;
  /** A client asks this node. */
  beginAcross(write: WriteAcross): void;
}

/** A machine with its disk, as others see it. */
export interface RingNode {
  readonly name: string;
  /** By the newest table. A node that only votes has none. */
  readonly seat: Seat | undefined;
  readonly agreement: SimulatedDisk<Durable>;
  readonly data: SimulatedDisk<DataCopy>;
  readonly isPaused: boolean;
  readonly process: RingProcess | undefined;
  start(): void;
  crash(): void;
  forgetData(): void;
  /** Between two steps. All that arrives meanwhile is looked at afterwards. */
  pause(forMs: number): void;
  /** Runs something in the process, now or when it is not paused any more: never in a later process. */
  inProcess(run: (process: RingProcess) => void): void;
  receiveData(from: string, message: DataMessage): void;
  receiveRequest(request: ClientRequest): void;
}

/** Who compares what happens with what the ring promises. */
export interface Observer {
  readonly newest: RingTable;
  acknowledgedOf(slot: number): readonly Write[];
  /** How many writes across seats a request for this slot must show that is carried out now. */
  acrossOf(slot: number): number;
  onAcrossBegun(write: WriteAcross): void;
  onAcrossDone(write: WriteAcross, result: TransactionResult): void;
  isWhole(): boolean;
  onLeader(node: string, term: number): void;
  onVote(voter: string, candidate: string, term: number): void;
  onCommitted(table: RingTable): void;
  onServing(node: RingNode): void;
  onAnswer(answer: Answer): void;
  /** A request for this slot is carried out. */
  onCarriedOut(node: RingNode, slot: number): void;
}

/** What all parts of a simulated ring share. */
export interface SimulatedWorld {
  readonly queue: EventQueue;
  readonly chance: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly witness: Observer;
  readonly mode: Mode;
  readonly timing: RingTiming;
  /** The table with which this node begins. */
  firstTableOf(node: string): RingTable;
  /** Seats that may join. */
  readonly spare: readonly Pick<Seat, "name" | "nodes">[];
  /** Called before a proposal of a leader goes out. */
  readonly proposals: ((leader: RingNode) => void)[];
  /** Called when a source is about to stop requests for the slots of a move. */
  readonly freezes: ((source: RingNode, move: number) => void)[];
  /** The time limits of writes across seats. */
  readonly writeLimits: TransactionLimits;
  /** Called when all participants of a write across seats have prepared, before its home is asked to decide. */
  readonly decisions: ((coordinator: RingNode, home: RingNode) => void)[];
  readonly nodes: readonly RingNode[];
  node(name: string): RingNode;
  /** One line of the trace. The text is made only when somebody reads it. */
  note(step: () => string): void;
}
