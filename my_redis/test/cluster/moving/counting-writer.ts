import { waitUntil } from "../../../../tools/test-services/index.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import { RespConnection, type Word } from "../../differential/harness/resp-connection.ts";

/** How often something was done, as far as that is known. */
interface Count {
  acknowledged: number;
  attempted: number;
}

/**
 * Counts up in strings, lists and hashes. A write without an answer, or with an error, may have been carried out or not: at
 * the end each count must lie between what was acknowledged and what was attempted.
 */
export class CountingWriter {
  readonly errors: string[] = [];
  acknowledged = 0;
  readonly #port: number;
  readonly #name: string;
  readonly #keys: number;
  readonly #counts = new Map<string, Count>();
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(name: string, port: number, keys: number) {
    this.#name = name;
    this.#port = port;
    this.#keys = keys;
  }

  begin(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    let connection: RespConnection | undefined;
    for (let number = 0; !this.#isStopped; number++) {
      const key = `${this.#name}:${number % this.#keys}`;
      const count = this.#countOf(key);
      count.attempted++;
      try {
        connection ??= await RespConnection.open(this.#port, this.#name);
        const reply = await connection.reply(...commandFor(key));
        if (reply.sign === ":") {
          count.acknowledged++;
          this.acknowledged++;
        } else this.errors.push(reply.text ?? "");
      } catch (error) {
        this.errors.push(String(error));
        connection?.close();
        connection = undefined;
        await Bun.sleep(10);
      }
    }
    connection?.close();
  }

  #countOf(key: string): Count {
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count = { acknowledged: 0, attempted: 0 };
    this.#counts.set(key, count);
    return count;
  }

  /** What is missing or too much, as this node says. */
  async problems(connection: RespConnection): Promise<string[]> {
    const problems: string[] = [];
    for (const [key, { acknowledged, attempted }] of this.#counts) {
      const found = valueIn(await replyTo(connection, readOf(key)));
      if (found >= acknowledged && found <= attempted) continue;
      problems.push(`${key} is ${found}, with ${acknowledged} acknowledged of ${attempted} writes`);
    }
    return problems;
  }
}

/** On a busy machine a node may stop answering for longer than its timeout: what it was asked is asked again. */
async function replyTo(connection: RespConnection, words: Word[]): Promise<Reply> {
  let reply = await connection.reply(...words);
  const isAnswered = async (): Promise<boolean> => {
    if (reply.sign === "-") reply = await connection.reply(...words);
    return reply.sign !== "-";
  };
  await waitUntil(isAnswered, { what: `a reply to ${words.join(" ")}`, timeoutMs: 20_000 });
  return reply;
}

const kindOf = (key: string): number => Number(key.split(":")[1]) % 3;

function commandFor(key: string): Word[] {
  const kind = kindOf(key);
  return kind === 0 ? ["INCR", key] : kind === 1 ? ["RPUSH", key, "x"] : ["HINCRBY", key, "n", 1];
}

function readOf(key: string): Word[] {
  const kind = kindOf(key);
  return kind === 0 ? ["GET", key] : kind === 1 ? ["LLEN", key] : ["HGET", key, "n"];
}

const valueIn = ({ text }: Reply): number => Number(text ?? 0);
