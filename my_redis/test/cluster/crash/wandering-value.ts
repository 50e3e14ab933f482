import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { keysOnAllNodes, type RingOfProcesses } from "./ring-of-processes.ts";

const elements = ["a", "b", "c"];

/**
 * A list that is renamed from node to node, again and again. Between two moves it exists at exactly one key, complete.
 */
export class WanderingValue {
  readonly keys: readonly string[];
  moves = 0;
  #place = 0;
  readonly #ring: RingOfProcesses;

  constructor(ring: RingOfProcesses, name: string) {
    this.#ring = ring;
    this.keys = keysOnAllNodes(ring, `${name}:wanderer`);
  }

  async create(): Promise<void> {
    const connection = await this.#ring.connect(0);
    await connection.reply("RPUSH", this.keys[0] as string, ...elements);
    await connection.reply("PEXPIREAT", this.keys[0] as string, "4102444800000");
    connection.close();
  }

  /** Moves the list once. After an error its place is unknown, so the next call looks for it at the next key. */
  async move(connection: RespConnection): Promise<string | undefined> {
    const from = this.keys[this.#place] as string;
    const next = (this.#place + 1) % this.keys.length;
    this.#place = next;
    const reply = await connection.reply("RENAMENX", from, this.keys[next] as string);
    if (reply.text === "1") this.moves++;
    if (reply.text === "0") return `${from} and ${this.keys[next]} exist both`;
    return undefined;
  }

  /** Call this when nothing moves the list. Returns what is wrong with it, or undefined. */
  async problem(): Promise<string | undefined> {
    const connection = await this.#ring.connect(1);
    const found: string[] = [];
    for (const key of this.keys) {
      const list = (await connection.reply("LRANGE", key, 0, -1)).items?.map(({ text }) => text) ?? [];
      const expiry = (await connection.reply("PEXPIRETIME", key)).text;
      if (list.length > 0) found.push(`${list.join("")} until ${expiry}`);
    }
    connection.close();
    return found.join() === "abc until 4102444800000" ? undefined : `the wandering value: ${found.join() || "gone"}`;
  }
}
