import { SeededRandom } from "../../../../tools/seeded-random.ts";
import { type Reply, showReply } from "../../differential/harness/reply.ts";
import type { RespConnection, Word } from "../../differential/harness/resp-connection.ts";

const databases = 3;
const tags = 60;
/** A moment that no test reaches. */
const farMs = 4_102_444_800_000;

/** Sends the same writes to a ring and to one server, and compares the replies: of all types, in several databases. */
export class MirroredWriter {
  /** Answers of the ring that differ from those of the server. */
  readonly differences: string[] = [];
  written = 0;
  longestMs = 0;
  readonly #random: SeededRandom;
  readonly #name: string;
  readonly #ring: RespConnection;
  readonly #model: RespConnection;
  #isStopped = false;
  #ids = 1;
  #running: Promise<void> = Promise.resolve();

  constructor(name: string, ring: RespConnection, model: RespConnection, seed: number) {
    this.#name = name;
    this.#ring = ring;
    this.#model = model;
    this.#random = new SeededRandom(seed);
  }

  /** Writes until `stop`. */
  begin(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && this.differences.length < 5) await this.write();
  }

  async write(): Promise<void> {
    const commands = [["SELECT", this.#random.below(databases)], ...this.#commands()];
    const beginMs = performance.now();
    const ours = await this.#ring.replies(commands);
    this.longestMs = Math.max(this.longestMs, performance.now() - beginMs);
    const theirs = await this.#model.replies(commands);
    this.written++;
    const [one, other] = [ours.map(showReply).join(" "), theirs.map(showReply).join(" ")];
    if (one !== other) this.differences.push(`${JSON.stringify(commands)}: ${one}, and not ${other}`);
  }

  #commands(): Word[][] {
    const random = this.#random;
    const tag = `{${this.#name}:${random.below(tags)}}`;
    const key = (name: string): string => `${tag}${name}`;
    const value = `v${random.below(1000)}`.repeat(random.oneIn(20) ? 400 : 1);
    const id = this.#ids++;
    const choices: (() => Word[][])[] = [
      () => [["SET", key("string"), value]],
      () => [["APPEND", key("string"), value]],
      () => [["INCRBY", key("count"), 7]],
      () => [["SETBIT", key("bits"), random.below(500), 1]],
      () => [["PFADD", key("hll"), value]],
      () => [["HSET", key("hash"), `f${random.below(50)}`, value]],
      () => [["HINCRBY", key("hash"), "count", 3]],
      () => [["HPEXPIREAT", key("hash"), farMs + id, "FIELDS", 1, `f${random.below(50)}`]],
      () => [["HDEL", key("hash"), `f${random.below(50)}`]],
      () => [["RPUSH", key("list"), value, "x"]],
      () => [["LPOP", key("list")]],
      () => [["LMOVE", key("list"), key("other list"), "LEFT", "RIGHT"]],
      () => [["SADD", key("set"), random.below(100), value]],
      () => [["SUNIONSTORE", key("union"), key("set"), key("union")]],
      () => [["ZADD", key("zset"), random.below(100), `m${random.below(100)}`]],
      () => [["ZRANGESTORE", key("range"), key("zset"), 0, 20]],
      () => [["GEOADD", key("geo"), 13.3, 38.1, `p${random.below(20)}`]],
      () => [["XADD", key("stream"), `${id}-1`, "field", value]],
      () => [["XTRIM", key("stream"), "MAXLEN", 10]],
      () => [["XGROUP", "CREATE", key("stream"), `g${random.below(3)}`, "0", "MKSTREAM"]],
      () => [["PEXPIREAT", key("string"), farMs + id]],
      () => [["PERSIST", key("string")]],
      () => [["SET", key("short"), value, "PX", 1 + random.below(200)]],
      () => [["RENAME", key("count"), key("renamed")]],
      () => [["COPY", key("hash"), key("copied"), "DB", random.below(databases), "REPLACE"]],
      () => [["MOVE", key("list"), random.below(databases)]],
      () => [["DEL", key(random.pick(["string", "hash", "list", "set", "zset", "stream"]))]],
      () => [["MULTI"], ["INCR", key("count")], ["RPUSH", key("list"), "a"], ["EXEC"]],
      () => [
        [
          "EVAL",
          "redis.call('INCR', KEYS[1]); return redis.call('RPUSH', KEYS[2], ARGV[1])",
          2,
          key("n"),
          key("list"),
          value,
        ],
      ],
      () => [
        ["GET", key("string")],
        ["LRANGE", key("list"), 0, -1],
        ["HGETALL", key("other hash")],
      ],
    ];
    return random.pick(choices)();
  }
}

/** All keys of all databases, with type, value and expiry. Those that expire soon are left out. */
export async function describe(connection: RespConnection, ask: (key: string) => RespConnection) {
  const found = new Map<string, string>();
  for (let database = 0; database < databases; database++) {
    const [, keys, size] = await connection.replies([["SELECT", database], ["KEYS", "*"], ["DBSIZE"]]);
    const names = (keys?.items ?? []).map(({ text }) => text as string);
    if (new Set(names).size < names.length) throw new Error("KEYS names a key twice");
    const shown = names.filter((name) => !name.endsWith("short"));
    if (Number(size?.text) < shown.length)
      throw new Error(`DBSIZE is ${size?.text}, and ${shown.length} keys are shown`);
    for (const name of shown) {
      const at = ask(name);
      const replies = await at.replies([
        ["SELECT", database],
        ["TYPE", name],
        ["DEBUG", "DIGEST-VALUE", name],
        ["PEXPIRETIME", name],
      ]);
      found.set(
        `${database} ${name}`,
        replies
          .slice(1)
          .map((reply: Reply) => showReply(reply))
          .join(" "),
      );
    }
  }
  return found;
}
