import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { Word } from "../differential/harness/resp-connection.ts";

/** The walk uses the first databases of a server. */
export const walkedDatabases = 2;
const keysOfType = 2;
const types = ["string", "list", "set", "integers", "hash", "sorted", "stream", "small"] as const;
type KeyType = (typeof types)[number];
/** Elements of a value of which a snapshot takes many pieces. */
const largeElements = 5000;
const elementsInRequest = 500;
const longStringBytes = 400_000;

/** Requests of random clients to values of every type, most of them so large that a snapshot takes them in pieces. */
export class WalkRequests {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Creates large values in the selected database. */
  fill(): Word[][] {
    return types.flatMap((type) => (type === "small" ? [] : this.#large(type)));
  }

  /** One request; most of them change a value. */
  request(): Word[] {
    const random = this.#random;
    if (random.oneIn(6)) return this.#lifetime(this.#key(random.pick(types)));
    if (random.oneIn(8)) return this.#anyType();
    return this.#ofType(random.pick(types));
  }

  /** Some requests that run as a whole: a transaction, or a script that names its keys or does not. */
  bundle(): Word[][] {
    const random = this.#random;
    const requests = Array.from({ length: 1 + random.below(5) }, () => this.request()).filter(isFitForBundle);
    if (random.oneIn(2)) {
      const others: Word[][] = random.oneIn(4) ? [["SELECT", random.below(walkedDatabases)]] : [];
      const watch: Word[][] = random.oneIn(4) ? [["WATCH", this.#key(random.pick(types))]] : [];
      return [...watch, ["MULTI"], ...others, ...requests, [random.oneIn(12) ? "DISCARD" : "EXEC"]];
    }
    const keys = random.oneIn(2) ? requests.map(([, key]) => key as Word) : [];
    const script = "for i = 1, #ARGV do redis.pcall(unpack(cjson.decode(ARGV[i]))) end return 'done'";
    return [["EVAL", script, keys.length, ...keys, ...requests.map((words) => JSON.stringify(words.map(String)))]];
  }

  #key(type: KeyType): string {
    return `${type}:${this.#random.below(type === "small" ? 200 : keysOfType)}`;
  }

  #number(): number {
    return this.#random.below(largeElements);
  }

  #text(): string {
    const random = this.#random;
    if (random.oneIn(3)) return `${random.below(100_000)}`;
    return `value ${random.below(1000)} `.repeat(1 + random.below(random.oneIn(20) ? 200 : 4));
  }

  #times<Item>(count: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** Requests that build one large value anew. */
  #large(type: KeyType): Word[][] {
    const key = this.#key(type);
    if (type === "string") return [["SET", key, Buffer.alloc(longStringBytes + this.#number(), "some text ")]];
    const requests: Word[][] = [];
    for (let first = 0; first < largeElements; first += elementsInRequest) {
      requests.push(this.#elements(type, key, first));
    }
    if (type === "stream") requests.push(["XGROUP", "CREATE", key, "group", "0"]);
    return requests;
  }

  #elements(type: KeyType, key: string, first: number): Word[] {
    const each = (words: (number: number) => Word[]): Word[] =>
      this.#times(elementsInRequest, (index) => words(first + index)).flat();
    switch (type) {
      case "list":
        return ["RPUSH", key, ...each((number) => [`${number} ${this.#text()}`])];
      case "set":
        return ["SADD", key, ...each((number) => [`member ${number}`])];
      case "integers":
        return ["SADD", key, ...each((number) => [number * 7])];
      case "hash":
        return ["HSET", key, ...each((number) => [`field ${number}`, this.#text()])];
      case "sorted":
        return ["ZADD", key, ...each((number) => [this.#random.below(1000) / 8, `member ${number}`])];
      case "stream":
        return ["XADD", key, "*", ...this.#times(20, (index) => `field ${index}`)];
      default:
        return ["SET", key, this.#text()];
    }
  }

  #ofType(type: KeyType): Word[] {
    const random = this.#random;
    const key = this.#key(type);
    const [number, text] = [this.#number(), this.#text()];
    const end = random.oneIn(2);
    switch (type) {
      case "string":
        return random.pick<Word[]>([
          ["SETRANGE", key, number * 90, text],
          ["APPEND", key, text],
          ["SETBIT", key, number * 100, random.below(2)],
          ["BITOP", random.pick(["AND", "XOR", "NOT"]), key, this.#key("string")],
          ["BITFIELD", key, "INCRBY", "u8", number * 10, 3, "SET", "i5", 100, 7],
          ["GETRANGE", key, 0, 10],
          ["SET", key, Buffer.alloc(longStringBytes, text)],
          ["GETDEL", key],
          ["PFADD", `small:hll:${random.below(3)}`, text],
          ["PFMERGE", `small:hll:${random.below(3)}`, `small:hll:${random.below(3)}`],
        ]);
      case "list":
        return random.pick<Word[]>([
          ["LSET", key, number, text],
          [end ? "LPUSH" : "RPUSH", key, ...this.#times(1 + random.below(9), () => this.#text())],
          [end ? "LPOP" : "RPOP", key, 1 + random.below(20)],
          ["LINSERT", key, "BEFORE", `${number % 10} ${text}`, text],
          ["LREM", key, 1, text],
          ["LTRIM", key, random.below(30), -1 - random.below(30)],
          ["LMOVE", key, this.#key("list"), "LEFT", "RIGHT"],
          ["BLMOVE", key, this.#key("list"), "RIGHT", "LEFT", 0.01],
          ["BRPOP", "small:none", key, 0.01],
          ["BLPOP", "small:none", 0.02],
          ["LPUSH", "small:none", text],
          ["LMPOP", 2, "small:none", key, "LEFT", "COUNT", 3],
          ["SORT", key, "ALPHA", "LIMIT", 0, 300, "STORE", this.#key("list")],
          this.#elements("list", key, 0),
        ]);
      case "set":
      case "integers": {
        const [member, other] = type === "set" ? [`member ${number}`, text] : [number * 7, number];
        return random.pick<Word[]>([
          ["SADD", key, member, other],
          ["SREM", key, member],
          ["SPOP", key, 1 + random.below(10)],
          ["SMOVE", key, this.#key(type), member],
          ["SINTERSTORE", this.#key(type), key, this.#key(type)],
          ["SDIFFSTORE", this.#key(type), key, this.#key(type)],
          ["SUNIONSTORE", this.#key("set"), key, this.#key(type)],
          this.#elements(type, key, random.below(10) * 500),
        ]);
      }
      case "hash":
        return random.pick<Word[]>([
          ["HSET", key, `field ${number}`, text],
          ["HDEL", key, `field ${number}`, `field ${number + 1}`],
          ["HINCRBY", key, `count ${number % 20}`, 3],
          ["HINCRBYFLOAT", key, `float ${number % 20}`, "0.5"],
          ["HSETNX", key, `field ${number}`, text],
          this.#elements("hash", key, random.below(10) * 500),
        ]);
      case "sorted":
        return random.pick<Word[]>([
          ["ZADD", key, number / 7, `member ${number}`],
          ["ZADD", key, random.pick(["NX", "XX", "GT", "LT"]), number / 4, `member ${number}`, "inf", "last"],
          ["ZINCRBY", key, 1.5, `member ${number}`],
          ["ZREM", key, `member ${number}`],
          [end ? "ZPOPMIN" : "ZPOPMAX", key, 1 + random.below(10)],
          ["ZREMRANGEBYRANK", key, number, number + 5],
          ["ZREMRANGEBYSCORE", key, number / 8, number / 8 + 0.1],
          ["ZUNIONSTORE", this.#key("sorted"), 2, key, this.#key("sorted"), "WEIGHTS", 1, 0.5],
          ["ZINTERSTORE", this.#key("sorted"), 2, key, this.#key("set")],
          ["ZRANGESTORE", this.#key("sorted"), key, 0, 1000],
          ["GEOADD", key, (number % 360) - 180, (number % 160) / 2 - 40, `member ${number}`],
          ["BZPOPMIN", key, 0.01],
          this.#elements("sorted", key, random.below(10) * 500),
        ]);
      case "stream":
        return random.pick<Word[]>([
          ["XADD", key, "*", "field", text, `field ${random.below(9)}`, text],
          ["XADD", key, "MAXLEN", "~", 3000, "*", "field", text],
          ["XTRIM", key, "MAXLEN", largeElements - random.below(100)],
          ["XREADGROUP", "GROUP", "group", `consumer ${random.below(4)}`, "COUNT", 20, "STREAMS", key, ">"],
          ["XAUTOCLAIM", key, "group", `consumer ${random.below(4)}`, 0, "-", "COUNT", 5],
          ["XGROUP", "SETID", key, "group", random.pick(["0", "$"])],
          ["XGROUP", "CREATE", key, `group ${random.below(3)}`, "$", "MKSTREAM"],
          ["XGROUP", "DESTROY", key, `group ${random.below(3)}`],
          ["XGROUP", "DELCONSUMER", key, "group", `consumer ${random.below(4)}`],
          this.#deleteOldest(key),
        ]);
      case "small":
        return random.pick<Word[]>([
          ["SET", key, text, "PX", 1 + random.below(3000)],
          ["SET", key, text],
          ["INCR", key],
          ["DEL", key, this.#key("small")],
          ["MSET", key, text, this.#key("small"), text],
          ["GETEX", key, "PX", 1 + random.below(500)],
        ]);
    }
  }

  /** The oldest entries, as XDEL and XACK name them, are known to a script only. */
  #deleteOldest(key: string): Word[] {
    const script =
      "for _, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])) do " +
      "redis.call('XACK', KEYS[1], 'group', e[1]) redis.call('XDEL', KEYS[1], e[1]) end";
    return ["EVAL", script, 1, key, 1 + this.#random.below(20)];
  }

  /** Requests after which a snapshot needs the value, or the expiry, that a key had before. */
  #lifetime(key: string): Word[] {
    const random = this.#random;
    return random.pick<Word[]>([
      ["PEXPIRE", key, 1 + random.below(random.oneIn(2) ? 40 : 4000)],
      ["PEXPIRE", key, 1_000_000 + random.below(1000)],
      ["PERSIST", key],
      ["EXPIREAT", key, 1],
      ["SET", key, this.#text()],
      [random.oneIn(2) ? "DEL" : "UNLINK", key],
    ]);
  }

  /** Requests to a key of any type, to whole databases, and requests that only look. */
  #anyType(): Word[] {
    const random = this.#random;
    const type = random.pick(types);
    const [key, other] = [this.#key(type), this.#key(random.oneIn(4) ? random.pick(types) : type)];
    const database = random.below(walkedDatabases);
    if (random.oneIn(60)) return random.pick<Word[]>([["FLUSHDB"], ["FLUSHDB", "ASYNC"], ["FLUSHALL", "ASYNC"]]);
    return random.pick<Word[]>([
      ["RENAME", key, other],
      ["RENAMENX", key, other],
      ["COPY", key, other, "REPLACE"],
      ["COPY", key, other, "DB", database, "REPLACE"],
      ["MOVE", key, database],
      ["SWAPDB", random.below(walkedDatabases), database],
      ["OBJECT", random.pick(["ENCODING", "FREQ", "IDLETIME", "REFCOUNT"]), key],
      ["DEBUG", random.pick(["OBJECT", "DIGEST-VALUE"]), key],
      ["MEMORY", "USAGE", key],
      ["TOUCH", key],
      ["DUMP", key],
      ["SORT", key, "BY", "nosort", "LIMIT", 0, 3],
      ["EXISTS", key, other],
      ["SCAN", 0, "COUNT", 50],
    ]);
  }
}

const unfit = new Set(["EVAL", "DUMP"]);

/** A script within a script is refused, and words of a script are text. */
const isFitForBundle = (words: readonly Word[]): boolean =>
  !unfit.has(String(words[0])) && !words.some((word) => typeof word === "object");
