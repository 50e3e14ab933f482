/** One way in which a unit runs. */
export interface UnitRun {
  /** Directives of MyRedis for this run. */
  readonly directives?: readonly string[];
  /** Arguments of the suite for this run. */
  readonly suiteArguments?: readonly string[];
  /** Why it runs in this way. */
  readonly why?: string;
}

const plain: readonly UnitRun[] = [{}];

/** Redis 7.0 has no packed sets: without them, MyRedis has 7.0's encodings. */
const withoutPackedSets: UnitRun = {
  directives: ["--set-max-listpack-entries", "0"],
  why: "sets without listpacks, which 7.0 does not have",
};

/** With Redis 7.2's encodings, which the suite is told not to look at. */
const withPackedValues: UnitRun = {
  suiteArguments: ["--ignore-encoding"],
  why: "short lists and sets are listpacks as in 7.2, where the suite expects 7.0's encodings: they are not looked at",
};

/** Tests that turn the log on while the server runs find it turned on. */
const withLog: UnitRun = { directives: ["--appendonly", "yes"], why: "with the append-only file on from the start" };

/** Units that run, and how: those first that every version must pass. */
export const units: Readonly<Record<string, readonly UnitRun[]>> = {
  "unit/type/string": plain,
  "unit/type/incr": plain,
  "unit/type/list": [withPackedValues],
  "unit/type/list-2": plain,
  "unit/type/list-3": plain,
  "unit/type/set": [withoutPackedSets, withPackedValues],
  "unit/type/zset": plain,
  "unit/type/hash": plain,
  "unit/type/stream": [withLog],
  "unit/type/stream-cgroups": [withLog],
  "unit/sort": [withPackedValues],
  "unit/scan": [withoutPackedSets, withPackedValues],
  "unit/expire": [withLog],
  "unit/keyspace": [withoutPackedSets, withPackedValues],
  "unit/bitops": plain,
  "unit/bitfield": plain,
  "unit/geo": plain,
  "unit/hyperloglog": plain,
};

/** By unit: tests that are left out, since they would stop halfway and spoil those after them, each with its reason. */
export const skippedTests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "unit/type/set": {
    "SRANDMEMBER with a dict containing long chain":
      "measures the chains of Redis's own hash table, while a child process, which there is none of, saves",
  },
};

/** Units of the suite that do not run, each with its reason. */
export const unitsNotRun: Readonly<Record<string, string>> = {};
