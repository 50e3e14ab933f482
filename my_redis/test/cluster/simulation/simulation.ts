import type { TransactionPlan, TransactionResult } from "../../../src/cluster/transaction/coordinator.ts";
import { isQuorum } from "../../../src/cluster/transaction/quorum.ts";
import type { TransactionLimits } from "../../../src/cluster/transaction/transaction-host.ts";
import type {
  Operation,
  OperationKind,
  TransactionAnswer,
  TransactionRequest,
} from "../../../src/cluster/transaction/transaction-message.ts";
import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { EventQueue } from "../../../../tools/simulation/event-queue.ts";
import { type Flaw, SimulatedNode, type SimulatedWorld } from "./simulated-node.ts";

export type WriteKind = "mset" | "msetnx" | "del" | "rename" | "renamenx" | "set";

export interface SimulatedWrite {
  readonly atMs: number;
  /** The node to which the client is connected, modulo the number of nodes. */
  readonly node: number;
  readonly kind: WriteKind;
  /** Numbers of keys. Key k belongs to node k modulo the number of nodes. */
  readonly keys: readonly number[];
}

export interface SimulatedFault {
  readonly atMs: number;
  readonly kind: "crash" | "freeze" | "cut" | "rewrite";
  readonly node: number;
  readonly durationMs: number;
}

export interface SimulationPlan {
  readonly seed: number;
  readonly nodes: number;
  /** The share of messages that are lost, 0 to 1. */
  readonly loss: number;
  /** The share of slow messages, 0 to 1. Later messages on the same link wait behind them. */
  readonly slowness: number;
  readonly writes: readonly SimulatedWrite[];
  readonly faults: readonly SimulatedFault[];
  readonly flaw?: Flaw;
}

const limits: TransactionLimits = {
  prepareTimeoutMs: 250,
  phaseTimeoutMs: 100,
  silenceMs: 500,
  rememberMs: 2000,
  maxRecords: 1000,
  maxPreparedBytes: 1 << 20,
  maxCoordinated: 1000,
};
/** How long a key may be locked at most while a quorum that includes its node runs without a fault. */
const lockBoundMs = limits.silenceMs * 4;
const messageMs = 20;
const slowMessageMs = 700;

interface Begun {
  readonly write: SimulatedWrite;
  readonly mark: string;
  result: TransactionResult | undefined;
  /** The node's life in which the write began. When the node has died since, its client got no reply. */
  readonly life: number;
}

/** Nodes, links between them, clients and faults, in virtual time, all derived from one seed. */
export class Simulation implements SimulatedWorld {
  readonly queue = new EventQueue();
  readonly chance: () => number;
  readonly limits = limits;
  readonly names: readonly string[];
  readonly flaw: Flaw;
  readonly #nodes: readonly SimulatedNode[];
  readonly #plan: SimulationPlan;
  readonly #begun: Begun[] = [];
  /** The participants of every transaction that was prepared on any node. */
  readonly #participants = new Map<string, readonly string[]>();
  /** When the last message of a link arrives. Links keep the order of messages. */
  readonly #linkBusyUntilMs = new Map<string, number>();
  readonly #cutUntilMs = new Map<string, number>();
  #failure: string | undefined;

  constructor(plan: SimulationPlan) {
    this.#plan = plan;
    const random = new SeededRandom(plan.seed);
    this.chance = () => random.next();
    this.flaw = plan.flaw ?? "none";
    this.names = Array.from({ length: plan.nodes }, (_, index) => `n${index}`);
    this.#nodes = this.names.map((name) => new SimulatedNode(this, name));
  }

  fail(problem: string): void {
    this.#failure ??= `at ${this.queue.nowMs.toFixed(1)} ms: ${problem}`;
  }

  node(name: string): SimulatedNode {
    return this.#nodes[this.names.indexOf(name)] as SimulatedNode;
  }

  #nodeOf(number: number): SimulatedNode {
    return this.#nodes[number % this.#nodes.length] as SimulatedNode;
  }

  /** Runs the plan, ends all faults, and returns what went wrong; undefined when nothing did. */
  run(): string | undefined {
    for (const node of this.#nodes) node.start();
    for (const write of this.#plan.writes) this.queue.after(write.atMs, () => this.#write(write));
    for (const fault of this.#plan.faults) this.queue.after(fault.atMs, () => this.#strike(fault));
    const endOf = ({ atMs, durationMs }: SimulatedFault): number => atMs + durationMs;
    const healedMs = Math.max(0, ...this.#plan.writes.map(({ atMs }) => atMs), ...this.#plan.faults.map(endOf));
    const endMs = healedMs + 20_000;
    while (this.#failure === undefined && this.queue.step(endMs)) this.#checkStep();
    if (this.#failure === undefined) this.#checkEnd();
    return this.#failure;
  }

  /** Runs something on a node. While the node is frozen, the run is postponed until it wakes. */
  later(node: SimulatedNode, delayMs: number, run: () => void): void {
    const { life } = node;
    this.queue.after(delayMs, () => {
      if (life !== node.life) return;
      if (node.frozenUntilMs > this.queue.nowMs) this.later(node, node.frozenUntilMs - this.queue.nowMs, run);
      else run();
    });
  }

  ask(
    from: SimulatedNode,
    member: string,
    request: TransactionRequest,
    answered: (answer: TransactionAnswer | undefined) => void,
  ): void {
    const to = this.node(member);
    const { life } = from;
    let over = false;
    const end = (answer: TransactionAnswer | undefined): void => {
      if (over || life !== from.life) return;
      over = true;
      answered(answer);
    };
    this.later(from, limits.prepareTimeoutMs, () => end(undefined));
    this.#send(from, to, () => {
      if (request.type === "prepare") this.#participants.set(request.id, request.participants);
      const answer = to.handle(request);
      if (answer === undefined) return;
      to.whenDurable(() => this.#send(to, from, () => end(answer)));
    });
  }

  /**
   * Delivers messages in order or loses them. A message is lost when its node is dead, or stays frozen for too long.
   */
  #send(from: SimulatedNode, to: SimulatedNode, deliver: () => void): void {
    const link = `${from.name}>${to.name}`;
    if (from !== to && (this.chance() < this.#plan.loss || this.#isCut(link))) return;
    const { life } = to;
    const longestMs = this.chance() < this.#plan.slowness ? slowMessageMs : messageMs;
    const delayMs = from === to ? 0.01 : this.chance() * this.chance() * longestMs;
    const arrivesMs = Math.max(this.queue.nowMs + delayMs, this.#linkBusyUntilMs.get(link) ?? 0);
    this.#linkBusyUntilMs.set(link, arrivesMs);
    this.queue.after(arrivesMs - this.queue.nowMs, () => {
      if (life !== to.life || this.#isCut(link)) return;
      const lateMs = to.frozenUntilMs - this.queue.nowMs;
      if (lateMs > limits.prepareTimeoutMs) return;
      this.later(to, Math.max(0, lateMs), deliver);
    });
  }

  #isCut(link: string): boolean {
    return (this.#cutUntilMs.get(link) ?? 0) > this.queue.nowMs;
  }

  #strike({ kind, node: number, durationMs }: SimulatedFault): void {
    const node = this.#nodeOf(number);
    const { nowMs } = this.queue;
    if (kind === "cut") {
      const other = this.#nodeOf(number + 1);
      for (const link of [`${node.name}>${other.name}`, `${other.name}>${node.name}`]) {
        this.#cutUntilMs.set(link, nowMs + durationMs);
      }
      // The bound on locks treats a cut like an absence of one of the two nodes.
      node.upSinceMs = nowMs + durationMs;
    } else if (node.transactions === undefined) {
      return;
    } else if (kind === "rewrite") {
      if (node.isUp) node.rewriteLog();
    } else if (kind === "freeze") {
      node.frozenUntilMs = Math.max(node.frozenUntilMs, nowMs + durationMs);
      node.upSinceMs = node.frozenUntilMs;
    } else {
      node.crash();
      node.upSinceMs = nowMs + durationMs;
      this.queue.after(durationMs, () => node.start());
    }
  }

  #write(write: SimulatedWrite): void {
    const node = this.#nodeOf(write.node);
    if (!node.isUp) return;
    const mark = `${write.kind}${this.#begun.length}`;
    if (write.kind === "set") {
      const key = write.keys[0] as number;
      const owner = this.#nodeOf(key);
      if (owner.isUp) owner.write(`k${key}`, mark);
      return;
    }
    const plan = this.#planOf(write, mark);
    if (plan === undefined) return;
    const begun: Begun = { write, mark, result: undefined, life: node.life };
    this.#begun.push(begun);
    node.transactions?.begin(plan, (result) => {
      if (begun.result !== undefined) this.fail(`${mark} was answered twice`);
      begun.result = result;
    });
  }

  #planOf({ kind, keys }: SimulatedWrite, mark: string): TransactionPlan | undefined {
    const operation = (key: number, name: OperationKind, value = ""): Operation => ({
      kind: name,
      key: Buffer.from(`k${key}`),
      value: Buffer.from(value),
      expiryMs: -1,
    });
    if (kind === "rename" || kind === "renamenx") {
      const [source = 0, target = 1] = keys;
      const owner = this.#nodeOf(target).name;
      if (source % this.#nodes.length === target % this.#nodes.length) return undefined;
      const put = kind === "rename" ? "put" : "put-absent";
      return {
        database: 0,
        first: new Map([[this.#nodeOf(source).name, [operation(source, "take")]]]),
        second: {
          participants: [owner],
          share: ({ payload }) => new Map([[owner, [operation(target, put, Buffer.from(payload).toString())]]]),
        },
      };
    }
    const names = { mset: "set", msetnx: "set-absent", del: "delete", set: "set" } as const;
    const first = new Map<string, Operation[]>();
    for (const key of new Set(keys)) {
      const { name } = this.#nodeOf(key);
      first.set(name, [...(first.get(name) ?? []), operation(key, names[kind], mark)]);
    }
    return { database: 0, first };
  }

  /** After one node shows a transaction's effect, no other node may show its keys as they were before. */
  #checkStep(): void {
    for (const node of this.#nodes) {
      if (node.transactions === undefined) continue;
      for (const id of node.applied) {
        for (const name of this.#participants.get(id) ?? []) {
          const other = this.node(name);
          if (other.transactions === undefined || other.applied.has(id)) continue;
          if (other.transactions.book.get(id)?.prepared === undefined) {
            this.fail(`${id}: done on ${node.name}, and ${name} shows its keys without it`);
          }
        }
      }
      this.#checkLocks(node);
    }
  }

  #checkLocks(node: SimulatedNode): void {
    // With slow messages a node can be slow enough to count as dead, so the bound does not hold.
    if (this.#plan.slowness > 0) return;
    const { nowMs } = this.queue;
    const steady = new Set(this.#nodes.filter((each) => nowMs - each.upSinceMs > lockBoundMs).map(({ name }) => name));
    if (!steady.has(node.name) || !isQuorum(this.names, steady)) return;
    for (const [id, sinceMs] of node.lockedSinceMs) {
      if (nowMs - sinceMs <= lockBoundMs) continue;
      if (node.transactions?.book.get(id)?.prepared === undefined) continue;
      this.fail(`${id} has locked keys of ${node.name} for ${(nowMs - sinceMs).toFixed(0)} ms`);
    }
  }

  #checkEnd(): void {
    for (const { name, transactions } of this.#nodes) {
      if (transactions === undefined) continue;
      const { book, openCount } = transactions;
      if (book.locks.size > 0) this.fail(`${name} still has locked keys`);
      if (book.records.size > 0) this.fail(`${name} still remembers ${[...book.records.keys()].join(" ")}`);
      if (openCount > 0) this.fail(`${name} has not come to an end with ${openCount} transactions`);
      if (book.preparedBytes !== 0) this.fail(`${name} counts ${book.preparedBytes} prepared bytes`);
    }
    // Acknowledged writes must be on the disk, so finally all processes die at the same moment.
    const lives = new Map(this.#nodes.map((node) => [node, node.life]));
    for (const node of this.#nodes) node.restart();
    this.#checkStep();
    for (const begun of this.#begun) this.#checkResult(begun, lives);
  }

  #checkResult({ write, mark, result, life }: Begun, lives: ReadonlyMap<SimulatedNode, number>): void {
    const coordinator = this.#nodeOf(write.node);
    if (result === undefined && lives.get(coordinator) === life) this.fail(`${mark} was never answered`);
    const incarnation = `${coordinator.name}.${life}-`;
    const acknowledged = this.#begun.filter(
      (each) => each.result?.type === "done" && this.#nodeOf(each.write.node) === coordinator && each.life === life,
    ).length;
    const applied = new Set(
      this.#nodes.flatMap((node) => [...node.applied].filter((id) => id.startsWith(incarnation))),
    );
    const unknown = this.#begun.filter(
      (each) =>
        (each.result?.type ?? "unknown") === "unknown" &&
        this.#nodeOf(each.write.node) === coordinator &&
        each.life === life,
    ).length;
    if (applied.size < acknowledged)
      this.fail(`of ${acknowledged} acknowledged of ${incarnation} ${applied.size} were done`);
    if (applied.size > acknowledged + unknown) {
      this.fail(`${applied.size} of ${incarnation} were done, but ${acknowledged} acknowledged, ${unknown} unknown`);
    }
  }
}
