import type { History, Json, OpenOperation } from "../../../../linearizability/index.ts";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import type { SilentNodes } from "./silent-nodes.ts";

export interface Histories {
  readonly registers: History;
  readonly counters: History;
  /** Each of them is two keys, which are written together: so both of them have its value. */
  readonly pairs: History;
}

/** The keys in use, which change from time to time: a history of one key stays short enough to be judged. */
export interface Keys {
  registers: readonly string[];
  counters: readonly string[];
  /** Empty where keys of several places are not written together. */
  pairs: readonly string[];
}

export interface ClientOptions {
  readonly number: number;
  readonly ring: RingOfProcesses;
  readonly random: SeededRandom;
  readonly histories: Histories;
  readonly keys: Keys;
  readonly silentNodes: SilentNodes;
}

/** A client gives up on a reply after this time: then nobody knows whether the request was carried out. */
const patienceMs = 1500;
const longestPauseMs = 8;
const operationsOfConnection = 25;
const mostPipelined = 5;
/** Sometimes a client takes this long between WATCH and EXEC: then another node may serve the key. */
const longestWatchMs = 1500;

/** These refusals promise that the request was not carried out, and never will be. */
const refusals =
  /^(TRYAGAIN Other writes across nodes|CLUSTERDOWN (A node that owns one of the keys does not answer|The primary of this place|Hash slot \d+ (is not served|does not belong)|More than |The hash slot has moved|The nodes have not agreed)|LOADING |EXECABORT )/;
const inDoubt = /^CLUSTERDOWN (Node \S+ stopped answering|Too few nodes answer to tell)/;
/** The two keys of a pair: most of them belong to two places. */
const halves = ["one", "other"] as const;

/** What became of an operation. */
type Answer = { readonly output: Json } | "refused" | "unknown";

interface Operation {
  readonly history: History;
  readonly key: string;
  readonly kind: string;
  readonly input: Json;
  /** How it is carried out, for the reader. */
  readonly way?: string;
}

/** An operation that is one command. */
interface Request extends Operation {
  readonly words: readonly Word[];
  readonly outputOf: (text: string | null) => Json;
}

interface Begun {
  readonly operation: Operation;
  readonly open: OpenOperation;
  readonly node: number | undefined;
  readonly silence: SilentNodes["now"];
}

const compareAndSet =
  "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('SET', KEYS[1], ARGV[2]) return 1";

/** Reads and changes keys through any node, and records what it was told. */
export class CheckedClient {
  readonly unexpected: string[] = [];
  readonly counts = { answered: 0, refused: 0, unknown: 0 };
  readonly #options: ClientOptions;
  /** What it has seen last in each register: what a "cas" expects. */
  readonly #seen = new Map<string, string>();
  #connection: { readonly node: number; readonly resp: RespConnection; left: number } | undefined;
  #lastValue = 0;
  #isStopped = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
    this.#hangUp();
  }

  async run(): Promise<void> {
    const { keys, random } = this.#options;
    while (!this.#isStopped) {
      if (keys.pairs.length > 0 && random.oneIn(3)) {
        await this.#pair(random.pick(keys.pairs));
        continue;
      }
      const register = random.pick(keys.registers);
      const expected = random.oneIn(4) ? this.#seen.get(register) : undefined;
      const count = random.oneIn(4) ? random.between(2, mostPipelined) : 1;
      if (expected === undefined) await this.#ask(Array.from({ length: count }, () => this.#anyRequest()));
      else if (random.oneIn(2)) await this.#ask([this.#script(register, expected)]);
      else await this.#transaction(register, expected);
      await Bun.sleep(random.below(longestPauseMs));
    }
    this.#hangUp();
  }

  /** Reads a key of either kind. */
  async read(key: string, kind: keyof Histories): Promise<void> {
    if (kind === "pairs") await this.#ask(halves.map((half) => this.#readHalf(key, half)));
    else await this.#ask([kind === "registers" ? this.#read(key) : this.#get(key)]);
  }

  /** Writes or deletes both halves of a pair, or reads one of them. */
  async #pair(key: string): Promise<void> {
    const { histories, random } = this.#options;
    const pair = { history: histories.pairs, key, kind: "write", outputOf: () => null };
    const keys = halves.map((half) => `${key}:${half}`);
    if (random.oneIn(8)) return this.#ask([{ ...pair, input: null, words: ["DEL", ...keys] }]);
    if (random.oneIn(2)) return this.#ask([this.#readHalf(key, random.pick(halves))]);
    const value = this.#newValue();
    return this.#ask([{ ...pair, input: value, words: ["MSET", ...keys.flatMap((each) => [each, value])] }]);
  }

  #readHalf(key: string, half: string): Request {
    const read = { history: this.#options.histories.pairs, key, kind: "read", input: null, way: half };
    return { ...read, words: ["GET", `${key}:${half}`], outputOf: (text) => text };
  }

  #anyRequest(): Request {
    const { histories, keys, random } = this.#options;
    const [register, count] = [random.pick(keys.registers), random.pick(keys.counters)];
    switch (random.below(6)) {
      case 0:
        return this.#get(count);
      case 1: {
        const incr = { history: histories.counters, key: count, kind: "incr", input: 1 };
        return { ...incr, words: ["INCR", count], outputOf: Number };
      }
      case 2:
      case 3: {
        const write = { history: histories.registers, key: register, kind: "write", input: this.#newValue() };
        return { ...write, words: ["SET", register, write.input], outputOf: () => null };
      }
      default:
        return this.#read(register);
    }
  }

  #newValue(): string {
    return `${this.#options.number}.${++this.#lastValue}`;
  }

  #read(key: string): Request {
    const read = { history: this.#options.histories.registers, key, kind: "read", input: null };
    return { ...read, words: ["GET", key], outputOf: (text) => text };
  }

  #get(key: string): Request {
    const get = { history: this.#options.histories.counters, key, kind: "get", input: null };
    return { ...get, words: ["GET", key], outputOf: (text) => Number(text ?? 0) };
  }

  #compareAndSet(key: string, from: string, way: string): Operation & { readonly to: string } {
    const to = this.#newValue();
    return { history: this.#options.histories.registers, key, kind: "cas", input: [from, to], way, to };
  }

  #script(key: string, from: string): Request {
    const operation = this.#compareAndSet(key, from, "script");
    const words = ["EVAL", compareAndSet, 1, key, from, operation.to];
    return { ...operation, words, outputOf: (text) => text === "1" };
  }

  /** Sends these together. */
  async #ask(requests: readonly Request[]): Promise<void> {
    await this.#connect();
    const begun = requests.map((request) => this.#begin(request));
    const replies = await this.#send(requests.map(({ words }) => words));
    for (const [at, { outputOf }] of requests.entries()) {
      const reply = replies?.[at];
      const answer = reply === undefined ? "unknown" : (this.#judge(reply) ?? { output: outputOf(reply.text ?? null) });
      this.#end(begun[at] as Begun, answer);
    }
  }

  /** "cas" as clients without scripts do it. */
  async #transaction(key: string, from: string): Promise<void> {
    await this.#connect();
    const operation = this.#compareAndSet(key, from, "watch");
    const begun = this.#begin(operation);
    this.#end(begun, await this.#watchAndSet(key, from, operation.to));
  }

  /** A transaction that was not run has found nothing out: it counts as refused. */
  async #watchAndSet(key: string, from: string, to: string): Promise<Answer> {
    const { random } = this.#options;
    const seen = await this.#send([
      ["WATCH", key],
      ["GET", key],
    ]);
    const isSeen = seen?.every((reply) => this.#judge(reply) === undefined) === true;
    if (isSeen && random.oneIn(4)) await Bun.sleep(random.below(longestWatchMs));
    if (!isSeen || seen[1]?.text !== from) {
      await this.#send([["UNWATCH"]]);
      // Nothing was asked yet that could have an effect.
      return isSeen ? { output: false } : "refused";
    }
    const done = (await this.#send([["MULTI"], ["SET", key, to], ["EXEC"]]))?.[2];
    if (done === undefined) return "unknown";
    return this.#judge(done) ?? (done.items === null ? "refused" : { output: true });
  }

  #begin(operation: Operation): Begun {
    const { number, silentNodes } = this.#options;
    const { history, input, key, kind, way = "" } = operation;
    const node = this.#connection?.node;
    const process = `${number} at node ${node ?? "?"} ${way}`;
    return { operation, open: history.call({ process, key, kind, input }), node, silence: silentNodes.now };
  }

  #end({ node, open, operation, silence }: Begun, answer: Answer): void {
    const { silentNodes } = this.#options;
    const { input, key, kind } = operation;
    if (typeof answer === "string") {
      this.counts[answer]++;
      if (answer === "refused") open.failed();
      else open.unknown();
      if (node !== undefined) silentNodes.refused(silence, node);
      return;
    }
    this.counts.answered++;
    open.returned(answer.output);
    if (node !== undefined) silentNodes.answered(silence, node, `${kind} ${key} -> ${JSON.stringify(answer.output)}`);
    const now = kind === "read" ? answer.output : kind === "write" ? input : undefined;
    if (typeof now === "string") this.#seen.set(key, now);
  }

  #judge({ sign, text }: Reply): "refused" | "unknown" | undefined {
    if (sign !== "-") return undefined;
    if (refusals.test(text ?? "")) return "refused";
    if (!inDoubt.test(text ?? "")) this.unexpected.push(`an error that no client expects: ${text}`);
    return "unknown";
  }

  /** Uses one node for a while, and then another one. */
  async #connect(): Promise<void> {
    const { ring, random } = this.#options;
    if (this.#connection !== undefined && this.#connection.left-- > 0) return;
    this.#hangUp();
    const node = random.below(ring.ports.length);
    const resp = await within(patienceMs, ring.connect(node));
    if (resp !== undefined) this.#connection = { node, resp, left: operationsOfConnection };
  }

  /** Undefined when the connection has ended, or nothing has come in time. */
  async #send(commands: readonly (readonly Word[])[]): Promise<readonly Reply[] | undefined> {
    const replies = this.#connection && (await within(patienceMs, this.#connection.resp.replies(commands)));
    if (replies === undefined) this.#hangUp();
    return replies;
  }

  #hangUp(): void {
    this.#connection?.resp.close();
    this.#connection = undefined;
  }
}

/** Undefined when it fails, or takes longer. */
async function within<Result>(timeMs: number, result: Promise<Result>): Promise<Result | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeMs);
  });
  try {
    return await Promise.race([result.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
