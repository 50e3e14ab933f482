/** One way in which a unit runs. */
export interface UnitRun {
  /** Directives of MyRedis for this run. */
  readonly directives?: readonly string[];
  /** Arguments of the suite for this run. */
  readonly suiteArguments?: readonly string[];
  /** Changed in the copy of the suite that runs: in this file, its first `from` becomes `to`. */
  readonly edit?: { readonly file: string; readonly from: string; readonly to: string };
  /** Why it runs in this way. */
  readonly why?: string;
}

const plain: readonly UnitRun[] = [{}];

/** Redis 7.0 has no packed sets: without them, MyRedis has 7.0's encodings. */
const withoutPackedSets: UnitRun = {
  directives: ["--set-max-listpack-entries", "0"],
  why: "without listpacks for sets, because 7.0 has none",
};

/** With Redis 7.2's encodings. An option makes the suite ignore encodings. */
const withPackedValues: UnitRun = {
  suiteArguments: ["--ignore-encoding"],
  why: "encodings are ignored: short lists and sets are listpacks as in 7.2, and the suite expects 7.0's encodings",
};

/** Each test of scripting runs with EVAL and with FUNCTION, which MyRedis does not have yet. */
const evalOnly: UnitRun = {
  edit: { file: "tests/unit/scripting.tcl", from: "foreach is_eval {0 1}", to: "foreach is_eval {1}" },
  why: "the half of its tests that uses EVAL; there is no FUNCTION LOAD yet",
};

/** Units that run, and how. The units that every version must pass come first. */
export const units: Readonly<Record<string, readonly UnitRun[]>> = {
  "unit/type/string": plain,
  "unit/type/incr": plain,
  "unit/type/list": [withPackedValues],
  "unit/type/list-2": plain,
  "unit/type/list-3": plain,
  "unit/type/set": [withoutPackedSets, withPackedValues],
  "unit/type/zset": plain,
  "unit/type/hash": plain,
  "unit/type/stream": plain,
  "unit/type/stream-cgroups": plain,
  "unit/sort": [withPackedValues],
  "unit/scan": [withoutPackedSets, withPackedValues],
  "unit/expire": plain,
  "unit/keyspace": [withoutPackedSets, withPackedValues],
  "unit/bitops": plain,
  "unit/bitfield": plain,
  "unit/geo": plain,
  "unit/hyperloglog": plain,
  "unit/scripting": [evalOnly],
  "unit/multi": plain,
  "unit/pubsub": plain,
  "unit/protocol": plain,
  "unit/quit": plain,
  "unit/dump": plain,
  "unit/info-command": plain,
  "unit/introspection": plain,
  "unit/introspection-2": plain,
  "unit/slowlog": plain,
  "unit/latency-monitor": plain,
  "unit/lazyfree": plain,
  "unit/pause": plain,
  "unit/other": plain,
  "unit/tracking": plain,
  "unit/violations": plain,
};

/** By unit: tests that are left out because they would stop halfway and disturb the tests after them; each with its reason. */
export const skippedTests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "unit/scripting": {
    "not enough good replicas":
      "a script that may write is refused here only when it writes; the test would leave min-replicas-to-write behind",
  },
  "unit/tracking": {
    "Tracking only occurs for scripts when a command calls a read-only command":
      "expects tracking of keys that a script was given but has not read; from 7.2 on only keys that it reads count",
  },
  "unit/type/set": {
    "SRANDMEMBER with a dict containing long chain":
      "measures the chains of Redis's own hash table while a child process saves; MyRedis has neither",
  },
};

/** Units of the suite that do not run, each with its reason. */
export const unitsNotRun: Readonly<Record<string, string>> = {
  ...notRun(
    "the suite runs these tests only against servers that it starts itself",
    "unit/auth unit/acl unit/acl-v2 unit/aofrw unit/client-eviction unit/cluster unit/cluster-scripting " +
      "unit/cluster/links unit/cluster/misc unit/info unit/limits unit/maxmemory unit/memefficiency unit/networking " +
      "unit/obuf-limits unit/oom-score-adj unit/pendingquerybuf unit/pubsubshard unit/shutdown unit/tls unit/wait",
  ),
  ...notRun("tests no command; it prints the version", "unit/printver"),
  ...notRun("there is no FUNCTION LOAD yet", "unit/functions"),
  ...notRun(
    "measures buffers inside redis-server, which CLIENT LIST of MyRedis shows as 0",
    "unit/querybuf unit/replybufsize",
  ),
};

function notRun(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, reason]));
}
