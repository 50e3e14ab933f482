import { RespConnection } from "../differential/harness/resp-connection.ts";

/** One key that a client counts up, and what it knows about it. */
interface Counter {
  readonly key: string;
  acknowledged: number;
  /** Increments whose outcome the client does not know: the connection was closed before the reply. */
  unknown: number;
}

/** Clients that count keys up, alone, in transactions and in scripts, while the server's storage fails. */
export class CountingWriters {
  readonly #counters: Counter[];
  #isStopped = false;
  #running: Promise<void>[] = [];
  /** Writes that the server refused, by the first word of the error. */
  readonly refusals = new Map<string, number>();
  acknowledged = 0;
  reads = 0;

  constructor(writers: number) {
    this.#counters = Array.from({ length: writers }, (_, index) => ({
      key: `counter:${index}`,
      acknowledged: 0,
      unknown: 0,
    }));
  }

  start(port: number): void {
    this.#isStopped = false;
    this.#running = this.#counters.map((counter, index) => this.#run(port, counter, index));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  async #run(port: number, counter: Counter, index: number): Promise<void> {
    let connection: RespConnection | undefined;
    for (let step = index; !this.#isStopped; step++) {
      connection ??= await RespConnection.open(port, "MyRedis").catch(() => undefined);
      if (connection === undefined) {
        await Bun.sleep(5);
        continue;
      }
      counter.unknown++;
      try {
        await this.#count(connection, counter, step);
      } catch {
        connection.close();
        connection = undefined;
      }
    }
    connection?.close();
  }

  async #count(connection: RespConnection, counter: Counter, step: number): Promise<void> {
    const increment = ["INCR", counter.key];
    const form = step % 4;
    const replies = await connection.replies(
      form === 0
        ? [
            ["MULTI"],
            increment,
            ["LPUSH", `${counter.key}:list`, step],
            ["LTRIM", `${counter.key}:list`, 0, 5],
            ["EXEC"],
          ]
        : form === 1
          ? [["EVAL", "return redis.call('INCR', KEYS[1])", 1, counter.key]]
          : [increment],
    );
    const last = replies.at(-1);
    const value = form === 0 ? last?.items?.[0] : last;
    if (value?.sign === ":") {
      counter.acknowledged = Number(value.text);
      counter.unknown = 0;
      this.acknowledged++;
    } else {
      // The write was refused: it did not run.
      counter.unknown--;
      const word = String(last?.text).split(" ")[0] as string;
      this.refusals.set(word, (this.refusals.get(word) ?? 0) + 1);
      if ((await connection.reply("GET", counter.key)).sign === "$") this.reads++;
      await Bun.sleep(1);
    }
  }

  /** Keys whose value is less than what was acknowledged, or more than what was asked for. */
  async differences(port: number): Promise<string[]> {
    const connection = await RespConnection.open(port, "restarted");
    const found: string[] = [];
    for (const counter of this.#counters) {
      const { key, acknowledged, unknown } = counter;
      const value = Number((await connection.reply("GET", key)).text ?? 0);
      if (value < acknowledged || value > acknowledged + unknown) {
        found.push(`${key}: ${value}, where ${acknowledged} were acknowledged and ${unknown} more are possible`);
      }
      counter.acknowledged = value;
      counter.unknown = 0;
    }
    connection.close();
    return found;
  }
}
