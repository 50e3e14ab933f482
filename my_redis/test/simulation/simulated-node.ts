import type { Durable } from "../../src/cluster/agreement/durable.ts";
import { type Seat, seatOf } from "../../src/cluster/agreement/ring-table.ts";
import { type DataCopy, type DataMessage, noData } from "./data-copy.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import type { ClientRequest, RingNode, RingProcess, SimulatedWorld } from "./simulated-world.ts";

/** A machine with its disk, on which one process of the ring runs, or none. */
export class SimulatedNode implements RingNode {
  readonly name: string;
  readonly agreement: SimulatedDisk<Durable>;
  readonly data: SimulatedDisk<DataCopy>;
  readonly #world: SimulatedWorld;
  process: RingProcess | undefined;
  #pauses = 0;
  /** What has arrived while the process is paused. */
  #held: (() => void)[] = [];

  constructor(world: SimulatedWorld, name: string) {
    this.name = name;
    this.#world = world;
    const stored = { term: 0, table: world.firstTableOf(name) };
    this.agreement = new SimulatedDisk<Durable>(world.queue, world.chance, {
      run: 0,
      term: 0,
      votedFor: undefined,
      stored,
    });
    this.data = new SimulatedDisk(world.queue, world.chance, noData);
  }

  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  /** By the newest table. A node that only votes has none. */
  get seat(): Seat | undefined {
    return seatOf(this.#world.witness.newest, this.name);
  }

  start(): void {
    if (this.process !== undefined) return;
    const { content } = this.agreement;
    this.agreement.content = { ...content, run: content.run + 1 };
    this.#world.note(() => `${this.name} starts, run ${content.run + 1}`);
    const process = new SimulatedProcess(this.#world, this);
    this.process = process;
    process.start();
  }

  crash(): void {
    if (this.process === undefined) return;
    this.#world.note(() => `${this.name} crashes`);
    this.process = undefined;
    this.#held = [];
    this.agreement.crash();
    this.data.crash();
  }

  forgetData(): void {
    this.#world.note(() => `${this.name} loses its data`);
    this.data.content = noData;
  }

  /** Between two steps. All that arrives meanwhile is looked at afterwards. */
  pause(forMs: number): void {
    this.#world.note(() => `${this.name} is paused for ${forMs} ms`);
    this.#pauses++;
    this.#world.queue.after(forMs, () => {
      if (--this.#pauses > 0) return;
      this.#world.note(() => `${this.name} goes on`);
      const held = this.#held;
      this.#held = [];
      for (const run of held) run();
    });
  }

  /** Runs something in the process, now or when it is not paused any more: never in a later process. */
  inProcess(run: (process: RingProcess) => void): void {
    const { process } = this;
    if (process === undefined) return;
    if (!this.isPaused) return run(process);
    this.#held.push(() => {
      if (this.process === process) run(process);
    });
  }

  receiveData(from: string, message: DataMessage): void {
    this.inProcess((process) => process.onData(from, message));
  }

  receiveRequest(request: ClientRequest): void {
    this.inProcess((process) => process.onRequest(request));
  }
}
