import type { History, Json } from "../../../../linearizability/index.ts";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import type { SilentNodes } from "./silent-nodes.ts";

export interface Histories {
  readonly registers: History;
  readonly counters: History;
}

/** The keys in use, which change from time to time: a history of one key stays short enough to be judged. */
export interface Keys {
  registers: readonly string[];
  counters: readonly string[];
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
const requestsOfConnection = 25;

/** These refusals promise that the request was not carried out, and never will be. */
const refusals =
  /^(CLUSTERDOWN (The primary of this place|Hash slot \d+ (is not served|does not belong)|More than )|LOADING |EXECABORT )/;
const inDoubt = /^CLUSTERDOWN Node \S+ stopped answering/;

/** What became of an operation. */
type Answer = { readonly output: Json } | "refused" | "unknown";

const compareAndSet =
  "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('SET', KEYS[1], ARGV[2]) return 1";

/** Reads and changes keys through any node, one operation at a time, and records what it was told. */
export class CheckedClient {
  readonly unexpected: string[] = [];
  readonly counts = { answered: 0, refused: 0, unknown: 0 };
  readonly #options: ClientOptions;
  /** What it has seen last in each key: what a "cas" expects. */
  readonly #seen = new Map<string, string>();
  #connection: { readonly node: number; readonly resp: RespConnection; left: number } | undefined;
  #lastValue = 0;
  #isStopped = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    const { keys, random } = this.#options;
    while (!this.#isStopped) {
      if (random.oneIn(3)) await this.#count(random.pick(keys.counters));
      else await this.#useRegister(random.pick(keys.registers));
      await Bun.sleep(random.below(longestPauseMs));
    }
    this.#hangUp();
  }

  async read(key: string): Promise<void> {
    const operation = { key, kind: "read", input: null };
    await this.#record(this.#options.histories.registers, operation, async () => this.#ask((text) => text, "GET", key));
  }

  async get(key: string): Promise<void> {
    const operation = { key, kind: "get", input: null };
    await this.#record(this.#options.histories.counters, operation, async () =>
      this.#ask((text) => Number(text ?? 0), "GET", key),
    );
  }

  async #count(key: string): Promise<void> {
    if (this.#options.random.oneIn(3)) return this.get(key);
    const operation = { key, kind: "incr", input: 1 };
    await this.#record(this.#options.histories.counters, operation, async () => this.#ask(Number, "INCR", key));
  }

  async #useRegister(key: string): Promise<void> {
    const { histories, number, random } = this.#options;
    const from = this.#seen.get(key);
    const kind = random.below(10);
    if (kind < 4 || (kind >= 7 && from === undefined)) return this.read(key);
    const value = `${number}.${++this.#lastValue}`;
    if (kind < 7) {
      const operation = { key, kind: "write", input: value };
      return this.#record(histories.registers, operation, async () => this.#ask(() => null, "SET", key, value));
    }
    const operation = { key, kind: "cas", input: [from as string, value] };
    const isScript = kind === 7;
    await this.#record(histories.registers, operation, async () =>
      isScript
        ? this.#ask((text) => text === "1", "EVAL", compareAndSet, 1, key, from as string, value)
        : this.#transaction(key, from as string, value),
      isScript ? "script" : "watch",
    );
  }

  async #record(
    history: History,
    { key, kind, input }: { readonly key: string; readonly kind: string; readonly input: Json },
    ask: () => Promise<Answer>,
    way = "",
  ): Promise<void> {
    const { number, silentNodes } = this.#options;
    await this.#connect().catch(() => {});
    const process = `${number} at node ${this.#connection?.node} ${way}`;
    const open = history.call({ process, key, kind, input });
    const silent = silentNodes.now;
    let answer: Answer;
    const { node } = this.#connection ?? {};
    try {
      answer = await ask();
    } catch {
      this.#hangUp();
      answer = "unknown";
    }
    if (typeof answer === "string") {
      this.counts[answer]++;
      if (answer === "refused") open.failed();
      else open.unknown();
      if (node !== undefined) silentNodes.refused(silent, node);
      return;
    }
    this.counts.answered++;
    open.returned(answer.output);
    if (node !== undefined) silentNodes.answered(silent, node, `${kind} ${key} -> ${JSON.stringify(answer.output)}`);
    const now = kind === "read" ? answer.output : kind === "write" ? input : undefined;
    if (typeof now === "string") this.#seen.set(key, now);
  }

  async #ask(outputOf: (text: string | null) => Json, ...words: readonly Word[]): Promise<Answer> {
    const [reply] = await this.#send([words]);
    return this.#judge(reply as Reply) ?? { output: outputOf((reply as Reply).text ?? null) };
  }

  /** "cas" as clients without scripts do it. A transaction that was not run has found nothing out: it counts as refused. */
  async #transaction(key: string, from: string, value: string): Promise<Answer> {
    const [watched, seen] = (await this.#send([
      ["WATCH", key],
      ["GET", key],
    ])) as [Reply, Reply];
    const refusal = this.#judge(watched) ?? this.#judge(seen);
    // Nothing was asked yet that could have an effect.
    if (refusal !== undefined) return this.#afterwards("refused");
    if (seen.text !== from) return this.#afterwards({ output: false });
    const replies = await this.#send([["MULTI"], ["SET", key, value], ["EXEC"]]);
    const done = replies[2] as Reply;
    return this.#judge(done) ?? (done.items === null ? "refused" : { output: true });
  }

  async #afterwards(answer: Answer): Promise<Answer> {
    await this.#send([["UNWATCH"]]);
    return answer;
  }

  #judge({ sign, text }: Reply): "refused" | "unknown" | undefined {
    if (sign !== "-") return undefined;
    if (refusals.test(text ?? "")) return "refused";
    if (!inDoubt.test(text ?? "")) this.unexpected.push(`an error that no client expects: ${text}`);
    return "unknown";
  }

  async #send(commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    if (this.#connection === undefined) throw new Error("no node could be reached");
    return within(patienceMs, this.#connection.resp.replies(commands));
  }

  async #connect(): Promise<void> {
    const { ring, random } = this.#options;
    if (this.#connection !== undefined && this.#connection.left-- > 0) return;
    this.#hangUp();
    const node = random.below(ring.ports.length);
    const resp = await within(patienceMs, ring.connect(node));
    this.#connection = { node, resp, left: requestsOfConnection };
  }

  #hangUp(): void {
    this.#connection?.resp.close();
    this.#connection = undefined;
  }
}

async function within<Result>(timeMs: number, result: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${timeMs} ms`)), timeMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
