import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";

/**
 * The writes of one client to its own keys, in steps. Each step is one transaction or one script, and its effect
 * follows from its number alone, so that the data after any number of whole steps is known.
 */
export class StepWriter {
  readonly prefix: string;
  /** Number of steps that the server has acknowledged. */
  acknowledged = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  #key(name: string): string {
    return `${this.prefix}:${name}`;
  }

  /** The commands of a step. */
  #commands(step: number): Word[][] {
    const key = (name: string): string => this.#key(name);
    const commands: Word[][] = [
      ["INCR", key("steps")],
      ["RPUSH", key("list"), step],
      ["HSET", key("hash"), `field:${step % 150}`, step],
      ["SADD", key("set"), step % 600],
      ["XADD", key("stream"), `${step}-1`, "step", step],
      ["SET", key(`string:${step % 7}`), `value ${step}`, "PX", 100_000_000],
    ];
    if (step % 3 === 0) commands.push(["LPOP", key("list")]);
    if (step % 5 === 0) commands.push(["DEL", key(`string:${(step + 3) % 7}`)]);
    if (step % 4 === 0)
      commands.push(["XREADGROUP", "GROUP", "group", "reader", "COUNT", 2, "STREAMS", key("stream"), ">"]);
    if (step % 8 === 0) commands.push(["XACK", key("stream"), "group", `${step - 7}-1`]);
    if (step % 6 === 0) commands.push(["SET", key("short"), step, "PX", 1], ["PERSIST", key(`string:${step % 7}`)]);
    return commands;
  }

  /** The consumer group must exist before the first step. */
  async begin(connection: RespConnection): Promise<void> {
    await connection.reply("XGROUP", "CREATE", this.#key("stream"), "group", "0", "MKSTREAM");
  }

  /** Runs steps until the server is killed. */
  async run(connection: RespConnection, acknowledged: () => void): Promise<void> {
    for (let step = this.acknowledged + 1; ; step++) {
      const done = await this.#take(connection, step).catch(() => false);
      if (!done) return;
      this.acknowledged = step;
      acknowledged();
    }
  }

  async #take(connection: RespConnection, step: number): Promise<boolean> {
    const commands = this.#commands(step);
    if (step % 2 === 0) {
      const replies = await connection.replies([["MULTI"], ...commands, ["EXEC"]]);
      const results = replies.at(-1)?.items ?? [];
      if (results.length !== commands.length) throw new Error("EXEC was refused");
      return true;
    }
    const calls = commands.map((_, index) => `redis.call(unpack(cjson.decode(ARGV[${index + 1}])))`);
    const words = commands.map((command) => JSON.stringify(command.map(String)));
    const reply = await connection.reply("EVAL", `${calls.join(" ")} return 'done'`, 0, ...words);
    if (reply.text !== "done") throw new Error(`the script answered ${reply.text}`);
    return true;
  }

  /**
   * Differences between the server's data and the data after some whole number of steps, which must include all
   * acknowledged ones.
   */
  async differences(connection: RespConnection): Promise<string[]> {
    const steps = Number((await connection.reply("GET", this.#key("steps"))).text ?? 0);
    // One step may have been done without its reply arriving.
    if (steps < this.acknowledged || steps > this.acknowledged + 1) {
      return [`${this.prefix}: ${this.acknowledged} steps were acknowledged, ${steps} are there`];
    }
    this.acknowledged = steps;
    const found: string[] = [];
    const expectations = this.#expectations(steps);
    const replies = await connection.replies(expectations.map(([command]) => command));
    for (const [index, reply] of replies.entries()) {
      const [command, expected] = expectations[index] as [Word[], string];
      const shown =
        reply.items === undefined
          ? String(reply.text)
          : (reply.items ?? [])
              .map(({ text }) => String(text))
              .sort()
              .join();
      if (shown !== expected)
        found.push(`${command.join(" ")} after ${steps} steps: expected ${expected}, got ${shown}`);
    }
    return found;
  }

  #expectations(steps: number): [Word[], string][] {
    const key = (name: string): string => this.#key(name);
    const list: number[] = [];
    const fields = new Map<string, number>();
    const members = new Set<number>();
    const strings = new Map<number, string>();
    let delivered = 0;
    const pending = new Set<number>();
    for (let step = 1; step <= steps; step++) {
      list.push(step);
      fields.set(`field:${step % 150}`, step);
      members.add(step % 600);
      strings.set(step % 7, `value ${step}`);
      if (step % 3 === 0) list.shift();
      if (step % 5 === 0) strings.delete((step + 3) % 7);
      if (step % 4 === 0) for (let count = 0; count < 2 && delivered < step; count++) pending.add(++delivered);
      if (step % 8 === 0) pending.delete(step - 7);
    }
    const sorted = (items: Iterable<string | number>): string => [...items].map(String).sort().join();
    return [
      [["LRANGE", key("list"), 0, -1], sorted(list)],
      [["HGETALL", key("hash")], sorted([...fields].flat())],
      [["SMEMBERS", key("set")], sorted(members)],
      [["XLEN", key("stream")], String(steps)],
      [
        ["MGET", ...Array.from({ length: 7 }, (_, index) => key(`string:${index}`))],
        sorted(Array.from({ length: 7 }, (_, index) => String(strings.get(index) ?? null))),
      ],
      [
        ["EVAL", `return #redis.call('XPENDING', '${key("stream")}', 'group', '-', '+', 1000000)`, 0],
        String(pending.size),
      ],
      [["EXISTS", key("short")], "0"],
    ];
  }
}
