import { type Comparer, comparerOf } from "./compare.ts";
import { encodeReply, type Reply, showReply } from "./reply.ts";
import { closed, RespConnection, showCommand, type Word } from "./resp-connection.ts";
import type { ServerPair, Side } from "./servers.ts";

const blockedTimeoutMs = 10_000;

/** The options of a step, besides its command. */
export interface CommandStep {
  readonly command: readonly Word[];
  /** Number of the connection, 0 when not given. A connection is opened when it is first named. */
  readonly on?: number;
  /** How the replies are compared, instead of by `comparerOf`. */
  readonly compare?: Comparer;
  /**
   * The command blocks: the sequence continues without its reply as soon as the client waits. An `awaitReply` step
   * reads the reply.
   */
  readonly blocks?: true;
}

/** Reads one more reply of a connection: of a command that blocked, or a push. */
export interface AwaitStep {
  readonly awaitReply: number;
  readonly compare?: Comparer;
}

/** Sends bytes unchanged, one character each, and reads `replies` replies. */
export interface RawStep {
  readonly raw: string;
  readonly replies: number;
  readonly on?: number;
  /** The server closes the connection afterwards. The same number then opens a new one. */
  readonly closes?: true;
  /** The test ends its side of the connection, and reads until the server ends the other side. */
  readonly hangUp?: true;
}

/** Repeats SCAN, HSCAN, SSCAN or ZSCAN from cursor 0 to the end, and compares all elements in any order. */
export interface ScanStep {
  /** The command without its cursor: ["SCAN", "MATCH", "a*"], ["HSCAN", "key", "COUNT", 5]. */
  readonly scan: readonly Word[];
  readonly on?: number;
}

/** Waits, so that keys can expire. */
export interface WaitStep {
  readonly waitMs: number;
}

/** A step is a command for connection 0, or one of these. */
export type Step = readonly Word[] | CommandStep | AwaitStep | RawStep | ScanStep | WaitStep;

export const isBareCommand = (step: Step): step is readonly Word[] => Array.isArray(step);

/** The replies of one server to one step. */
type StepReplies = readonly Reply[];

/** One server's connections during one sequence. */
export class SequenceRun {
  readonly #side: Side;
  readonly #pair: ServerPair;
  readonly #protocol: 2 | 3;
  readonly #connections = new Map<number, RespConnection>();

  constructor(side: Side, pair: ServerPair, protocol: 2 | 3) {
    this.#side = side;
    this.#pair = pair;
    this.#protocol = protocol;
  }

  async run(steps: readonly Step[]): Promise<StepReplies[]> {
    const replies: StepReplies[] = [];
    for (let at = 0; at < steps.length;) {
      const batch = bareCommandsFrom(steps, at);
      if (batch.length > 0) {
        // Consecutive commands on one connection are sent together. That is faster, and also tests pipelining.
        const connection = await this.#connection(0);
        for (const reply of await connection.replies(batch)) replies.push([reply]);
        at += batch.length;
      } else {
        replies.push(await this.#step(steps[at] as Exclude<Step, readonly Word[]>));
        at++;
      }
    }
    return replies;
  }

  async #step(step: Exclude<Step, readonly Word[]>): Promise<StepReplies> {
    if ("waitMs" in step) {
      await Bun.sleep(step.waitMs);
      return [];
    }
    if ("awaitReply" in step) return [await (await this.#connection(step.awaitReply)).next()];
    const connection = await this.#connection(step.on ?? 0);
    if ("raw" in step) {
      connection.sendRaw(Buffer.from(step.raw, "latin1"));
      const replies: Reply[] = [];
      while (replies.length < step.replies) replies.push(await connection.next());
      if (step.hangUp === true) connection.hangUp();
      if (step.closes === true || step.hangUp === true) {
        do replies.push(await connection.nextOrClosed());
        while (step.hangUp === true && replies.at(-1) !== closed);
        this.#connections.delete(step.on ?? 0);
      }
      return replies;
    }
    if ("scan" in step) return [await this.#scan(connection, step.scan)];
    if (step.blocks !== true) return [await connection.reply(...step.command)];
    const blockedBefore = await this.#blockedClients();
    connection.send(step.command);
    await this.#untilBlocked(connection, blockedBefore);
    return [];
  }

  async #scan(connection: RespConnection, command: readonly Word[]): Promise<Reply> {
    const name = String(command[0]).toUpperCase();
    const before = name === "SCAN" ? 1 : 2;
    const seen = new Map<string, Reply>();
    let cursor = "0";
    for (let rounds = 0; rounds < 100_000; rounds++) {
      const reply = await connection.reply(...command.slice(0, before), cursor, ...command.slice(before));
      const [next, elements] = reply.items ?? [];
      if (typeof next?.text !== "string" || !Array.isArray(elements?.items)) return reply;
      const size = name === "HSCAN" || name === "ZSCAN" ? 2 : 1;
      for (let at = 0; at < elements.items.length; at += size) {
        const group = { sign: "*", items: elements.items.slice(at, at + size) };
        seen.set(encodeReply(group), group);
      }
      cursor = next.text;
      if (cursor === "0") break;
    }
    return { sign: "*", items: [...seen.keys()].sort().map((key) => seen.get(key) as Reply) };
  }

  /** Waits until the server reports one more blocked client, or replies instead of blocking. */
  async #untilBlocked(connection: RespConnection, before: number): Promise<void> {
    const deadline = performance.now() + blockedTimeoutMs;
    while (connection.unread === "" && (await this.#blockedClients()) <= before) {
      if (performance.now() > deadline) throw new Error(`${this.#side}: no client blocked in ${blockedTimeoutMs} ms`);
      await Bun.sleep(1);
    }
  }

  async #blockedClients(): Promise<number> {
    const info = await this.#pair.control[this.#side].reply("INFO", "clients");
    const found = /blocked_clients:(\d+)/.exec(info.text ?? "")?.[1];
    if (found === undefined) throw new Error(`${this.#side}: INFO clients names no blocked_clients`);
    return Number(found);
  }

  async #connection(number: number): Promise<RespConnection> {
    let connection = this.#connections.get(number);
    if (connection !== undefined) return connection;
    connection = await RespConnection.open(this.#pair.ports[this.#side], this.#side);
    this.#connections.set(number, connection);
    if (this.#protocol === 3) {
      const hello = await connection.reply("HELLO", "3");
      if (hello.sign !== "%") throw new Error(`${this.#side} answered HELLO 3 with ${showReply(hello)}`);
    }
    return connection;
  }

  /** Data from the server that no step has read. */
  unread(): string {
    return [...this.#connections.values()].map((connection) => connection.unread).join("");
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }
}

function bareCommandsFrom(steps: readonly Step[], from: number): (readonly Word[])[] {
  const batch: (readonly Word[])[] = [];
  for (let at = from; at < steps.length && batch.length < 200; at++) {
    const step = steps[at] as Step;
    if (!isBareCommand(step)) break;
    batch.push(step);
  }
  return batch;
}

/** Why our replies to a step differ from Redis's; undefined when they count as equal. */
export function difference(step: Step, ours: StepReplies, theirs: StepReplies): string | undefined {
  const compare = comparerOfStep(step);
  if (ours.length === theirs.length && ours.every((reply, at) => compare(reply, theirs[at] as Reply))) return undefined;
  const show = (replies: StepReplies): string => replies.map(showReply).join(" ");
  return `${showStep(step)}\n      MyRedis      ${show(ours)}\n      redis-server ${show(theirs)}`;
}

function comparerOfStep(step: Step): Comparer {
  if (isBareCommand(step)) return comparerOf(step);
  if ("compare" in step && step.compare !== undefined) return step.compare;
  return "command" in step ? comparerOf(step.command) : (ours, theirs) => encodeReply(ours) === encodeReply(theirs);
}

export function commandOf(step: Step): readonly Word[] | undefined {
  if (isBareCommand(step)) return step;
  if ("command" in step) return step.command;
  return "scan" in step ? step.scan : undefined;
}

export function showStep(step: Step): string {
  if (isBareCommand(step)) return showCommand(step);
  if ("waitMs" in step) return `(wait ${step.waitMs} ms)`;
  if ("awaitReply" in step) return `(connection ${step.awaitReply}: await a reply)`;
  const on = step.on === undefined ? "" : `(connection ${step.on}) `;
  if ("raw" in step) return `${on}raw ${JSON.stringify(step.raw)}`;
  return "scan" in step ? `${on}scan to the end: ${showCommand(step.scan)}` : on + showCommand(step.command);
}
