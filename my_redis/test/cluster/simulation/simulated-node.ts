import { RecordBook } from "../../../src/cluster/transaction/record-book.ts";
import type {
  Examination,
  TransactionHost,
  TransactionLimits,
} from "../../../src/cluster/transaction/transaction-host.ts";
import type {
  Operation,
  TransactionAnswer,
  TransactionRequest,
} from "../../../src/cluster/transaction/transaction-message.ts";
import { TransactionNode } from "../../../src/cluster/transaction/transaction-node.ts";
import type { TransactionLogEntry } from "../../../src/cluster/transaction/transaction-record.ts";
import type { EventQueue } from "../../../../tools/simulation/event-queue.ts";

/** One unit of a node's log: an entry, and the operations on the data that belong to it. */
interface LogUnit {
  readonly entry: TransactionLogEntry | undefined;
  readonly operations: readonly Operation[];
  /** In a rewritten log, the transactions whose effect is already part of its data. */
  readonly applied?: readonly string[];
}

const setOperation = (key: string, value: string): Operation => ({
  kind: "set",
  key: Buffer.from(key),
  value: Buffer.from(value),
  expiryMs: -1,
});
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** A deliberate mistake, to show that the simulation finds it. */
export type Flaw = "none" | "answers-before-log" | "forgets-acceptances" | "hides-acceptances";

/** A node's surroundings: time, chance, messages, and the other nodes. */
export interface SimulatedWorld {
  readonly queue: EventQueue;
  readonly limits: TransactionLimits;
  readonly names: readonly string[];
  readonly flaw: Flaw;
  chance(): number;
  node(name: string): SimulatedNode;
  /** Runs something on a node. While the node is frozen, the run is postponed until it wakes. */
  later(node: SimulatedNode, delayMs: number, run: () => void): void;
  ask(
    from: SimulatedNode,
    member: string,
    request: TransactionRequest,
    answered: (answer: TransactionAnswer | undefined) => void,
  ): void;
  fail(problem: string): void;
}

/** One node. The content of its disk survives a crash. Everything else is lost with the process. */
export class SimulatedNode {
  readonly name: string;
  readonly #simulation: SimulatedWorld;
  /** The log. The first `synced` units survive a crash. */
  #log: LogUnit[] = [];
  #synced = 0;
  #syncing = false;
  #waiting: { readonly units: number; readonly run: () => void }[] = [];
  /** Undefined while the process is dead. */
  transactions: TransactionNode | undefined;
  data = new Map<string, string>();
  /** Transactions that were carried out here. */
  applied = new Set<string>();
  frozenUntilMs = 0;
  /** Since when the node has been running without a fault. */
  upSinceMs = 0;
  /** Since when keys have been locked, by the transaction's id. */
  lockedSinceMs = new Map<string, number>();
  life = 0;

  constructor(simulation: SimulatedWorld, name: string) {
    this.#simulation = simulation;
    this.name = name;
  }

  get isUp(): boolean {
    return this.transactions !== undefined && this.frozenUntilMs <= this.#simulation.queue.nowMs;
  }

  start(): void {
    const { queue, limits } = this.#simulation;
    this.life++;
    this.data = new Map();
    this.applied = new Set();
    this.#synced = this.#log.length;
    this.upSinceMs = queue.nowMs;
    this.lockedSinceMs = new Map();
    const book = new RecordBook();
    for (const { entry, operations, applied = [] } of this.#log) {
      this.#change(operations);
      for (const id of applied) this.applied.add(id);
      if (entry === undefined) continue;
      this.#noteApplied(entry, operations);
      book.apply(entry, queue.nowMs);
    }
    this.transactions = new TransactionNode(this.#host(), limits, book, `${this.name}.${this.life}`);
    this.#lookLater(this.life);
  }

  #lookLater(life: number): void {
    this.#simulation.queue.after(this.#simulation.limits.silenceMs / 10, () => {
      if (life !== this.life) return;
      if (this.isUp) this.transactions?.look();
      this.#lookLater(life);
    });
  }

  /** Kills the process. The system may have saved some of the unsynced units. */
  crash(): void {
    const unsynced = this.#log.length - this.#synced;
    this.#die(this.#synced + Math.floor(this.#simulation.chance() * (unsynced + 1)));
  }

  /** Kills and restarts the process. All unsynced units are lost. */
  restart(): void {
    this.#die(this.#synced);
    this.start();
  }

  /** Rewrites the log: the present data, and the open transactions. The result is on the disk at once. */
  rewriteLog(): void {
    const book = this.transactions?.book;
    if (book === undefined) return;
    const operations = [...this.data].map(([key, value]) => setOperation(key, value));
    const entries = book.snapshot().map((entry): LogUnit => ({ entry, operations: [] }));
    this.#log = [{ entry: undefined, operations, applied: [...this.applied] }, ...entries];
    this.#synced = this.#log.length;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { run } of waiting) run();
  }

  #die(kept: number): void {
    this.transactions = undefined;
    this.life++;
    this.#log = this.#log.slice(0, kept);
    this.#waiting = [];
    this.#syncing = false;
  }

  /** Runs once all units logged so far are on the disk. */
  whenDurable(run: () => void): void {
    if (this.#simulation.flaw === "answers-before-log") {
      run();
      return;
    }
    if (this.#synced === this.#log.length && this.#waiting.length === 0) {
      run();
      return;
    }
    this.#waiting.push({ units: this.#log.length, run });
    this.#sync();
  }

  #sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    const units = this.#log.length;
    const log = this.#log;
    const { life } = this;
    this.#simulation.later(this, 1 + this.#simulation.chance() * 8, () => {
      if (life !== this.life) return;
      this.#syncing = false;
      // A rewrite meanwhile has replaced the log and synced its content, so `units` no longer applies.
      if (log === this.#log) this.#synced = Math.max(this.#synced, units);
      const ready = this.#waiting.filter((each) => each.units <= this.#synced);
      this.#waiting = this.#waiting.filter((each) => each.units > this.#synced);
      for (const { run } of ready) run();
      if (this.#waiting.length > 0) this.#sync();
    });
  }

  /** A plain write of a client. It has no effect while the key is locked. */
  write(key: string, value: string): boolean {
    const book = this.transactions?.book;
    if (book === undefined || book.locks.holderOf(Buffer.from(key)) !== undefined) return false;
    const operations = [setOperation(key, value)];
    this.#change(operations);
    this.#log.push({ entry: undefined, operations });
    return true;
  }

  #change(operations: readonly Operation[]): void {
    for (const { kind, key, value } of operations) {
      if (kind === "delete" || kind === "take") this.data.delete(text(key));
      else this.data.set(text(key), text(value));
    }
  }

  #noteApplied(entry: TransactionLogEntry, operations: readonly Operation[]): void {
    if (entry.type === "finished" && entry.outcome === "forward" && operations.length > 0) this.applied.add(entry.id);
  }

  handle(request: TransactionRequest): TransactionAnswer | undefined {
    const answer = this.transactions?.handle(request);
    this.#noteLocks();
    if (this.#simulation.flaw === "hides-acceptances" && answer?.type === "promised") {
      return { ...answer, accepted: undefined, outcome: undefined };
    }
    return answer;
  }

  #noteLocks(): void {
    const { nowMs } = this.#simulation.queue;
    const records = this.transactions?.book.records ?? new Map();
    for (const record of records.values()) {
      if (record.prepared !== undefined && !this.lockedSinceMs.has(record.id)) this.lockedSinceMs.set(record.id, nowMs);
    }
    for (const id of this.lockedSinceMs.keys()) {
      if (records.get(id)?.prepared === undefined) this.lockedSinceMs.delete(id);
    }
  }

  #host(): TransactionHost {
    const simulation = this.#simulation;
    const { life } = this;
    return {
      self: this.name,
      members: simulation.names,
      monotonicMs: () => simulation.queue.nowMs,
      random: () => simulation.chance(),
      schedule: (delayMs, run) => {
        simulation.later(this, delayMs, () => {
          if (life === this.life) run();
        });
      },
      ask: (member, request, answered) => simulation.ask(this, member, request, answered),
      isReachable: (member) => simulation.node(member).transactions !== undefined,
      examine: (_database, operations) => this.#examine(operations),
      log: (entry) => {
        if (simulation.flaw === "forgets-acceptances" && entry.type === "accepted") return;
        this.#log.push({ entry, operations: [] });
      },
      logAndApply: (entry, _database, operations) => {
        this.#checkStillTrue(operations);
        this.#change(operations);
        this.#log.push({ entry, operations });
        this.#noteApplied(entry, operations);
      },
      unlocked: () => {},
    };
  }

  /** Conditions that held when the keys were locked must still hold when the operations are carried out. */
  #checkStillTrue(operations: readonly Operation[]): void {
    for (const { kind, key } of operations) {
      const exists = this.data.has(text(key));
      if (kind.endsWith("-absent") && exists) this.#simulation.fail(`${text(key)} exists, but was to be absent`);
      if (kind === "take" && !exists) this.#simulation.fail(`${text(key)} is gone, but was to be taken`);
    }
  }

  #examine(operations: readonly Operation[]): Examination {
    let count = 0;
    let taken: { payload: Uint8Array; expiryMs: number } | undefined;
    for (const { kind, key } of operations) {
      const value = this.data.get(text(key));
      if (kind.endsWith("-absent") && value !== undefined) return { refusal: "exists" };
      if (kind === "take" && value === undefined) return { refusal: "missing" };
      if (kind === "delete" && value !== undefined) count++;
      if (kind === "take") taken = { payload: Buffer.from(value as string), expiryMs: -1 };
    }
    return { refusal: undefined, count, taken };
  }
}
