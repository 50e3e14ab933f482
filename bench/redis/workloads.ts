/** The commands of a measured run, and the data that must be there before it. */
export interface Workload {
  readonly name: string;
  /** The words that redis-benchmark gets: one of its own tests, or a command. */
  readonly words: readonly string[];
  /** Requests that fill the database, once before all rounds, or before each of them where `perRun`. */
  readonly fill?: (requests: number) => Iterable<readonly string[]>;
  /** The run uses up or enlarges what is there, so that each begins with an empty database. */
  readonly perRun?: boolean;
  /** Measured with an append-only file, too, and shown in the README. */
  readonly main?: boolean;
}

/** Different keys, members and fields: `__rand_int__` is a number below this, of 12 digits. */
export const keyspace = 100_000;
const elementsPerRequest = 100;

const digits = (index: number): string => `${index}`.padStart(12, "0");

function* numbered(count: number, words: (index: number) => readonly string[]): Iterable<readonly string[]> {
  for (let index = 0; index < count; index++) yield words(index);
}

/** `command key element...` until the key has `count` elements. */
function* elements(
  command: string,
  key: string,
  count: number,
  element: (index: number) => readonly string[],
): Iterable<readonly string[]> {
  for (let first = 0; first < count; first += elementsPerRequest) {
    const end = Math.min(first + elementsPerRequest, count);
    yield [command, key, ...Array.from({ length: end - first }, (_, index) => element(first + index)).flat()];
  }
}

const test = (name: string): readonly string[] => ["-t", name];
const range = (last: number): Workload => ({
  name: `LRANGE_${last + 1}`,
  words: ["LRANGE", "mylist", "0", `${last}`],
  fill: () => elements("LPUSH", "mylist", 10_000, () => ["xxx"]),
});
const setMember = (index: number): readonly string[] => [`element:${digits(index)}`];
const sortedMember = (index: number): readonly string[] => [
  `${(index * 7919) % 1_000_003}`,
  `element:${digits(index)}`,
];
const hashField = (index: number): readonly string[] => [`field:${index}`, `value:${index}`];

/** Two sets of so many members, of which they share `shared`. */
function* twoSets(size: number, shared: number): Iterable<readonly string[]> {
  yield* elements("SADD", "one", size, setMember);
  yield* elements("SADD", "other", size, (index) => setMember(index + size - shared));
}

const largeSets = (): Iterable<readonly string[]> => twoSets(10_000, 1000);

/** HyperLogLogs in both forms, each form twice. The dense ones have about as many elements as registers. */
function* hyperLogLogs(): Iterable<readonly string[]> {
  for (const [form, count] of [
    ["dense", 20_000],
    ["sparse", 500],
  ] as const) {
    yield* elements("PFADD", `${form}:one`, count, setMember);
    yield* elements("PFADD", `${form}:other`, count, (index) => setMember(index + count / 2));
  }
}

const script =
  "local total = 0 for i = 1, tonumber(ARGV[1]) do " +
  "redis.call('set', KEYS[1], i) total = total + tonumber(redis.call('get', KEYS[1])) end return total";

export const workloads: readonly Workload[] = [
  { name: "PING (inline)", words: test("ping_inline") },
  { name: "PING (bulk)", words: test("ping_mbulk") },
  { name: "SET", words: test("set"), main: true },
  {
    name: "GET",
    words: test("get"),
    fill: () => numbered(keyspace, (index) => ["SET", `key:${digits(index)}`, "xxx"]),
    main: true,
  },
  { name: "INCR", words: test("incr"), main: true },
  { name: "LPUSH", words: test("lpush"), perRun: true },
  { name: "RPUSH", words: test("rpush"), perRun: true },
  {
    name: "LPOP",
    words: test("lpop"),
    fill: (count) => elements("RPUSH", "mylist", count, () => ["xxx"]),
    perRun: true,
  },
  {
    name: "RPOP",
    words: test("rpop"),
    fill: (count) => elements("RPUSH", "mylist", count, () => ["xxx"]),
    perRun: true,
  },
  { name: "SADD", words: test("sadd"), perRun: true },
  { name: "HSET", words: test("hset"), main: true },
  { name: "SPOP", words: test("spop"), fill: (count) => elements("SADD", "myset", count, setMember), perRun: true },
  { name: "ZADD", words: test("zadd"), perRun: true },
  {
    name: "ZPOPMIN",
    words: test("zpopmin"),
    fill: (count) => elements("ZADD", "myzset", count, sortedMember),
    perRun: true,
  },
  range(99),
  range(299),
  range(499),
  range(599),
  { name: "MSET (10 keys)", words: test("mset"), main: true },
  { name: "XADD", words: ["XADD", "stream", "MAXLEN", "~", "10000", "*", "field", "value"], main: true },
  {
    name: "ZRANGEBYSCORE (10)",
    words: ["ZRANGEBYSCORE", "myzset", "__rand_int__", "+inf", "LIMIT", "0", "10"],
    fill: () => elements("ZADD", "myzset", keyspace, (index) => [`${index}`, `element:${digits(index)}`]),
  },
  { name: "SINTER (10,000)", words: ["SINTER", "one", "other"], fill: largeSets },
  { name: "SINTERCARD (10,000)", words: ["SINTERCARD", "2", "one", "other"], fill: largeSets },
  { name: "SINTERCARD (500)", words: ["SINTERCARD", "2", "one", "other"], fill: () => twoSets(500, 250) },
  { name: "SUNIONSTORE (10,000)", words: ["SUNIONSTORE", "target", "one", "other"], fill: largeSets },
  { name: "PFADD", words: ["PFADD", "hll", "element:__rand_int__"] },
  { name: "PFADD (10 elements)", words: ["PFADD", "hll", ...Array.from({ length: 10 }, () => "element:__rand_int__")] },
  { name: "PFADD (sparse)", words: ["PFADD", "hll:__rand_int__", "element:__rand_int__"], perRun: true },
  { name: "PFADD (1 KiB element)", words: ["PFADD", "hll", `${"x".repeat(1000)}:__rand_int__`] },
  { name: "PFADD (64 KiB element)", words: ["PFADD", "hll", `${"x".repeat(64_000)}:__rand_int__`] },
  { name: "PFCOUNT", words: ["PFCOUNT", "dense:one"], fill: hyperLogLogs },
  { name: "PFCOUNT (2 dense keys)", words: ["PFCOUNT", "dense:one", "dense:other"], fill: hyperLogLogs },
  { name: "PFCOUNT (2 sparse keys)", words: ["PFCOUNT", "sparse:one", "sparse:other"], fill: hyperLogLogs },
  { name: "PFMERGE (2 dense keys)", words: ["PFMERGE", "target", "dense:one", "dense:other"], fill: hyperLogLogs },
  { name: "PFMERGE (2 sparse keys)", words: ["PFMERGE", "target", "sparse:one", "sparse:other"], fill: hyperLogLogs },
  { name: "EVAL (200 commands)", words: ["EVAL", script, "1", "scripted", "100"] },
  { name: "HGETALL (10)", words: ["HGETALL", "myhash"], fill: () => elements("HSET", "myhash", 10, hashField) },
  { name: "HGETALL (1,000)", words: ["HGETALL", "myhash"], fill: () => elements("HSET", "myhash", 1000, hashField) },
];

/** The workloads whose names begin with one of these, in any case. Without any name, all workloads. */
export function selectWorkloads(names: readonly string[]): readonly Workload[] {
  const wanted = names.map((name) => name.toLowerCase());
  for (const name of wanted) {
    if (!workloads.some((workload) => workload.name.toLowerCase().startsWith(name))) {
      throw new Error(`--only ${name}: no such workload; there are ${workloads.map((each) => each.name).join(", ")}`);
    }
  }
  if (wanted.length === 0) return workloads;
  return workloads.filter(({ name }) => wanted.some((prefix) => name.toLowerCase().startsWith(prefix)));
}
