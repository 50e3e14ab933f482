import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { keysOnAllNodes, type RingOfProcesses } from "./ring-of-processes.ts";
import { WanderingValue } from "./wandering-value.ts";

/** Errors after which a client of a cluster tries again. */
const knownErrors = /^(CLUSTERDOWN|TRYAGAIN|LOADING)/;

/** Three keys on three nodes that are always written together. */
export interface Triple {
  readonly keys: readonly string[];
  /** For each writer and its node: the highest number that it began to write, and the last acknowledged one. */
  begun: number;
  acknowledged: number;
}

export interface WorkloadCounts {
  acknowledged: number;
  refused: number;
  broken: number;
  reads: number;
  moves: number;
  slowestMs: number;
}

/**
 * Writers that set all keys of their triple to the next number, and readers that check that no read sees a half-done
 * write: after a number was read from one key, no key of the triple shows a lower one.
 */
export class TripleWorkload {
  readonly triples: Triple[] = [];
  readonly counts: WorkloadCounts = { acknowledged: 0, refused: 0, broken: 0, reads: 0, moves: 0, slowestMs: 0 };
  readonly problems: string[] = [];
  readonly #ring: RingOfProcesses;
  readonly #wanderer: WanderingValue;
  #stopped = false;
  #running: Promise<void>[] = [];

  constructor(ring: RingOfProcesses, name: string, count: number) {
    this.#ring = ring;
    this.#wanderer = new WanderingValue(ring, name);
    for (let index = 0; index < count; index++) {
      this.triples.push({ keys: keysOnAllNodes(ring, `${name}${index}`), begun: 0, acknowledged: 0 });
    }
  }

  async start(): Promise<void> {
    await this.#wanderer.create();
    this.#running.push(this.#client(0, (connection) => this.#wander(connection)));
    for (const [index, triple] of this.triples.entries()) {
      const node = index % this.#ring.ports.length;
      this.#running.push(this.#client(node, (connection) => this.#write(connection, triple)));
      this.#running.push(this.#client(node + 1, (connection) => this.#read(connection, triple)));
      // This client changes nothing. Its locks only make the other clients wait.
      this.#running.push(this.#client(node + 2, (connection) => this.#disturb(connection, triple)));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** Repeats an action. A new connection replaces a broken one. */
  async #client(node: number, act: (connection: RespConnection) => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      let connection: RespConnection | undefined;
      try {
        connection = await this.#ring.connect(node % this.#ring.ports.length);
        while (!this.#stopped) await act(connection);
      } catch {
        this.counts.broken++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        connection?.close();
      }
    }
  }

  async #ask(connection: RespConnection, ...words: string[]): Promise<string | null | undefined> {
    const startedMs = performance.now();
    const reply = await connection.reply(...words);
    this.counts.slowestMs = Math.max(this.counts.slowestMs, performance.now() - startedMs);
    if (reply.sign !== "-") return reply.text;
    this.counts.refused++;
    if (!knownErrors.test(reply.text as string)) this.problems.push(`${words.join(" ")}: ${reply.text}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return undefined;
  }

  async #write(connection: RespConnection, triple: Triple): Promise<void> {
    const number = ++triple.begun;
    const reply = await this.#ask(connection, "MSET", ...triple.keys.flatMap((key) => [key, `${number}`]));
    if (reply !== "OK") return;
    triple.acknowledged = number;
    this.counts.acknowledged++;
  }

  async #read(connection: RespConnection, triple: Triple): Promise<void> {
    let highest = triple.acknowledged;
    let seenAt = "the acknowledgement";
    for (const key of [...triple.keys, ...triple.keys]) {
      const value = await this.#ask(connection, "GET", key);
      if (value === undefined) continue;
      this.counts.reads++;
      const number = Number(value ?? 0);
      if (number < highest) this.problems.push(`${key} shows ${number} after ${highest} was seen at ${seenAt}`);
      if (number <= highest) continue;
      highest = number;
      seenAt = key;
    }
  }

  /** Locks the keys without writing anything, because two of them exist. */
  async #disturb(connection: RespConnection, triple: Triple): Promise<void> {
    await this.#ask(connection, "MSETNX", ...triple.keys.flatMap((key) => [key, "0"]), `${triple.keys[0]}:free`, "0");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #wander(connection: RespConnection): Promise<void> {
    const problem = await this.#wanderer.move(connection);
    if (problem !== undefined) this.problems.push(problem);
    this.counts.moves = this.#wanderer.moves;
  }

  /**
   * Call this when no client writes. Checks that the keys of each triple are equal, and not older than the last
   * acknowledged write.
   */
  async check(): Promise<void> {
    const problem = await this.#wanderer.problem();
    if (problem !== undefined) this.problems.push(problem);
    for (const node of this.#ring.ports.keys()) {
      const connection = await this.#ring.connect(node);
      for (const { keys, begun, acknowledged } of this.triples) {
        const values = (await connection.reply("MGET", ...keys)).items?.map(({ text }) => Number(text ?? 0)) ?? [];
        const [first = -1] = values;
        if (values.length !== keys.length || new Set(values).size > 1)
          this.problems.push(`half: ${keys.join(" ")} ${values.join(" ")}`);
        if (first < acknowledged || first > begun) {
          this.problems.push(`${keys.join(" ")} show ${first}; ${acknowledged} was acknowledged, ${begun} begun`);
        }
      }
      connection.close();
    }
  }
}
