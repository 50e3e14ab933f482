import { slotCount } from "hash-ring";
import { hashSlot } from "../../my_redis/src/cluster/hash-slot.ts";
import { SeededRandom } from "../../tools/seeded-random.ts";
import { ReadableSockets } from "../open-loop/libc-sockets.ts";
import { type Percentiles, Samples } from "../open-loop/samples.ts";
import { keyName, RingConnection, type RingRequest } from "./ring-connection.ts";

/** Plain clients ask any node. Clients for Redis Cluster ask the owner of the slot, as far as MOVED has told them. */
export type ClientKind = "plain" | "cluster";

export interface RingLoadOptions {
  readonly kind: ClientKind;
  readonly ports: readonly number[];
  /** To each of these nodes. */
  readonly connections: number;
  readonly keys: number;
  readonly seed: number;
}

export interface LoadFigures {
  readonly seconds: number;
  readonly requests: number;
  /** From the moment when a request was to be sent to its reply. */
  readonly latencyMs: Percentiles;
  /** How late the load itself was with sending. */
  readonly lagMs: Percentiles;
  readonly errors: number;
  /** The first ones. */
  readonly errorTexts: readonly string[];
  readonly redirections: number;
  /** Requests that were not sent, because too many of their connection were unanswered. */
  readonly unsent: number;
}

const maxSamples = 4_000_000;
const maxErrorTexts = 3;
/** The event loop gets so often to what else there is to do. */
const yieldEveryMs = 2;
const drainMs = 5000;
const fillDepth = 200;

const slotOf = (key: number): number => {
  const bytes = Buffer.from(keyName(key), "latin1");
  return hashSlot(bytes, 0, bytes.length);
};

/** GET and SET in turns, of keys at random, at even intervals whether the ones before are answered or not. */
export class RingLoad {
  readonly #options: RingLoadOptions;
  readonly #random: SeededRandom;
  readonly #slots: Uint16Array;
  readonly #byPort = new Map<number, readonly RingConnection[]>();
  /** For each slot, the port of its owner, as far as is known. */
  readonly #owners: Uint16Array;
  #connections: RingConnection[] = [];
  #sockets = new ReadableSockets([]);
  readonly #latencies = new Samples(maxSamples);
  readonly #lags = new Samples(maxSamples);
  #sent = 0;
  #errors = 0;
  #errorTexts: string[] = [];
  #redirections = 0;
  #unsent = 0;

  constructor(options: RingLoadOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#slots = Uint16Array.from({ length: options.keys }, (_, key) => slotOf(key));
    this.#owners = new Uint16Array(slotCount).fill(options.ports[0] as number);
    for (const port of options.ports) this.#connect(port);
  }

  #connect(port: number): readonly RingConnection[] {
    const added = Array.from({ length: this.#options.connections }, () => new RingConnection(port));
    this.#byPort.set(port, added);
    this.#connections = [...this.#connections, ...added];
    this.#sockets = new ReadableSockets(this.#connections.map(({ descriptor }) => descriptor));
    return added;
  }

  /** Writes all keys. */
  fill(): void {
    const { keys } = this.#options;
    for (let key = 0; key < keys || this.#isWaiting;) {
      const depth = fillDepth * this.#connections.length;
      for (let asked = 0; asked < depth && key < keys; asked++)
        this.#connectionFor(key).ask({ key: key++, isWrite: true, dueMs: 0 });
      while (this.#isWaiting) this.#exchange(1);
    }
  }

  /** Sends requests until something has come to its end. */
  async run(perSecond: number, until: Promise<unknown>): Promise<LoadFigures> {
    this.#begin();
    let isOver = false;
    const end = (): void => void (isOver = true);
    until.then(end, end);
    const startMs = performance.now();
    while (!isOver) {
      this.#turns(startMs, 1000 / perSecond);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = (performance.now() - startMs) / 1000;
    await until;
    for (const untilMs = performance.now() + drainMs; this.#isWaiting && performance.now() < untilMs;)
      this.#exchange(1);
    return {
      ...{ seconds, requests: this.#latencies.count, latencyMs: this.#latencies.percentiles() },
      ...{ lagMs: this.#lags.percentiles(), errors: this.#errors, errorTexts: this.#errorTexts },
      ...{ redirections: this.#redirections, unsent: this.#unsent },
    };
  }

  #begin(): void {
    this.#latencies.clear();
    this.#lags.clear();
    this.#sent = 0;
    this.#errors = 0;
    this.#errorTexts = [];
    this.#redirections = 0;
    this.#unsent = 0;
  }

  #turns(startMs: number, everyMs: number): void {
    const untilMs = performance.now() + yieldEveryMs;
    for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
      let dueMs = startMs + this.#sent * everyMs;
      for (; dueMs <= nowMs; dueMs = startMs + ++this.#sent * everyMs) this.#ask(dueMs, nowMs);
      this.#exchange(Math.min(dueMs, untilMs) - performance.now());
    }
  }

  #ask(dueMs: number, nowMs: number): void {
    const key = this.#random.below(this.#options.keys);
    const isSent = this.#connectionFor(key).ask({ key, isWrite: this.#sent % 2 === 0, dueMs });
    if (isSent) this.#lags.add(nowMs - dueMs);
    else this.#unsent++;
  }

  #connectionFor(key: number): RingConnection {
    if (this.#options.kind === "plain") return this.#random.pick(this.#connections);
    const port = this.#owners[this.#slots[key] as number] as number;
    return this.#random.pick(this.#byPort.get(port) ?? this.#connect(port));
  }

  get #isWaiting(): boolean {
    return this.#connections.some(({ outstanding }) => outstanding > 0);
  }

  #exchange(waitMs: number): void {
    const connections = this.#connections;
    for (const connection of connections) connection.flush();
    if (this.#sockets.look(waitMs) === 0) return;
    const nowMs = performance.now();
    const sockets = this.#sockets;
    for (const [index, connection] of connections.entries()) {
      if (sockets.isReadable(index)) connection.receive((request, error) => this.#onReply(request, error, nowMs));
    }
  }

  #onReply(request: RingRequest, error: string | undefined, nowMs: number): void {
    if (error?.startsWith("MOVED ") === true && this.#options.kind === "cluster") return this.#redirect(request, error);
    this.#latencies.add(nowMs - request.dueMs);
    if (error === undefined) return;
    this.#errors++;
    if (this.#errorTexts.length < maxErrorTexts) this.#errorTexts.push(error);
  }

  #redirect(request: RingRequest, moved: string): void {
    const [, slot, address] = moved.split(" ") as [string, string, string];
    this.#owners[Number(slot)] = Number(address.slice(address.lastIndexOf(":") + 1));
    this.#redirections++;
    if (!this.#connectionFor(request.key).ask(request)) this.#unsent++;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
