/** Programs that the suite can start as servers. */
export type StartedServer = "MyRedis" | "redis-server";

/** One way in which a unit runs. */
export interface UnitRun {
  /**
   * The servers that the suite starts itself, in turn: the first one is of the first kind, and so on. Without it, the
   * suite runs against one server of MyRedis that it has not started.
   */
  readonly servers?: readonly StartedServer[];
  /** Directives of MyRedis for this run. */
  readonly directives?: readonly string[];
  /** Arguments of the suite for this run. */
  readonly suiteArguments?: readonly string[];
  /** Changes in the copy of the suite that runs: in a file, each `from` becomes `to`. */
  readonly edits?: readonly { readonly file: string; readonly from: string; readonly to: string }[];
  /** Why it runs in this way. */
  readonly why?: string;
}

const plain: readonly UnitRun[] = [{}];

/** Once more with servers that the suite starts: so its tests run, too, that need another server as a replica. */
const inBothWays: readonly UnitRun[] = [
  {},
  { servers: ["MyRedis"], why: "also tests that need a replica of the suite" },
];

/** The argument by which the suite encrypts all connections. It needs Tcl's package tls, and openssl. */
export const overTls = "--tls";

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
  edits: [{ file: "tests/unit/scripting.tcl", from: "foreach is_eval {0 1}", to: "foreach is_eval {1}" }],
  why: "the half of its tests that uses EVAL; there is no FUNCTION LOAD yet",
};

/** Units about several servers, of which the first that a test starts is mostly the primary or mostly the replica. */
const allRoles = [["MyRedis"], ["MyRedis", "redis-server"], ["redis-server", "MyRedis"]] as const;
const inAllRoles: readonly UnitRun[] = allRoles.map((servers) => ({ servers }));

/** The same, with changes of the unit's file. */
function edited(unit: string, why: string, ...changes: readonly (readonly [from: string, to: string])[]): UnitRun[] {
  const edits = changes.map(([from, to]) => ({ file: `tests/${unit}.tcl`, from, to }));
  return allRoles.map((servers) => ({ servers, edits, why }));
}

const noFunctions = "without FUNCTION LOAD and FCALL, which are not there yet";

/** Units about replication, which run only with --replication: they take long, because they wait for timeouts. */
export const replicationUnits: Readonly<Record<string, readonly UnitRun[]>> = {
  "integration/block-repl": inAllRoles,
  "integration/replication": edited(
    "integration/replication",
    "without FUNCTION LOAD and FCALL; a snapshot is loaded after it was received, so its receipt is waited for; the primary " +
      "sends slowly, because key-load-delay is redis-server's own; without words of the log about the pipe to a child; a pause " +
      "before a synchronisation after one that has failed",
    ["$replica function load {#!lua", "$replica echo {#!lua"],
    ["$master function load {#!lua", "$master echo {#!lua"],
    ["r function load {#!lua", "r echo {#!lua"],
    ["assert_equal [$replica fcall test 0]", "#"],
    ["foreach type {script function}", "foreach type {script}"],
    ["[lindex $replicas 0] config set key-load-delay 100 ;", "$master config set rdb-key-save-delay 100 ;"],
    ["[s -1 loading] eq 1", "[s -1 master_sync_in_progress] eq 1"],
    ["[s -1 async_loading] eq 1", "[s -1 master_sync_in_progress] eq 1"],
    ["assert_equal [s -1 async_loading] 1", "assert_equal [s -1 master_sync_in_progress] 1"],
    ["$rd sync", "after 1000; $rd sync"],
    ["$rd psync replicationid -1", "after 1000; $rd psync replicationid -1"],
    ['wait_for_log_messages -2 {"*Diskless rdb transfer', '# {"*'],
  ),
  "integration/replication-2": inAllRoles,
  "integration/replication-3": inAllRoles,
  "integration/replication-4": edited("integration/replication-4", noFunctions, [
    "$master FUNCTION load replace {#!lua",
    "$master echo {#!lua",
  ]),
  "integration/replication-psync": inAllRoles,
  "integration/replication-buffer": inAllRoles,
  "integration/psync2": inAllRoles,
  "integration/psync2-reg": inAllRoles,
  "integration/psync2-pingoff": inAllRoles,
  "integration/psync2-master-restart": inAllRoles,
  "integration/failover": inAllRoles,
  "integration/shutdown": inAllRoles,
  "unit/wait": inAllRoles,
};

const [sentinelUnit, leftOutTest] = [
  "sentinel/03-runtime-reconf",
  "Sentinels (re)connection following master ACL change",
];

/** Redis's own tests of Sentinel: redis-server's Sentinel watches servers of MyRedis. They run only with --sentinel. */
export const sentinelUnits: Readonly<Record<string, readonly UnitRun[]>> = {
  ...Object.fromEntries(
    (
      "00-base 01-conf-update 02-slaves-reconf 03-runtime-reconf 04-slave-selection 05-manual 06-ckquorum 07-down-conditions " +
      "08-hostname-conf 10-replica-priority 11-port-0 12-master-reboot 13-info-command"
    )
      .split(" ")
      .map((name) => [`sentinel/${name}`, [{ servers: ["MyRedis"] }]]),
  ),
  [sentinelUnit]: [
    {
      servers: ["MyRedis"],
      edits: [
        {
          file: `tests/sentinel/tests/03-runtime-reconf.tcl`,
          from: `test "${leftOutTest}" {`,
          to: "proc left_out {} {",
        },
      ],
      why: `without "${leftOutTest}": there is one user, no ACL SETUSER yet`,
    },
  ],
};

/** Units that run, and how. The units that every version must pass come first. */
export const units: Readonly<Record<string, readonly UnitRun[]>> = {
  "unit/type/string": inBothWays,
  "unit/type/incr": plain,
  "unit/type/list": [withPackedValues],
  "unit/type/list-2": plain,
  "unit/type/list-3": plain,
  "unit/type/set": [withoutPackedSets, withPackedValues],
  "unit/type/zset": inBothWays,
  "unit/type/hash": plain,
  "unit/type/stream": plain,
  "unit/type/stream-cgroups": plain,
  "unit/sort": [withPackedValues],
  "unit/scan": [withoutPackedSets, withPackedValues],
  "unit/expire": inBothWays,
  "unit/keyspace": [withoutPackedSets, withPackedValues],
  "unit/bitops": plain,
  "unit/bitfield": inBothWays,
  "unit/geo": plain,
  "unit/hyperloglog": plain,
  "unit/scripting": [evalOnly],
  "unit/multi": inBothWays,
  "unit/pubsub": plain,
  "unit/protocol": plain,
  "unit/quit": plain,
  "unit/dump": plain,
  "unit/info-command": plain,
  "unit/introspection": plain,
  "unit/introspection-2": plain,
  "unit/slowlog": inBothWays,
  "unit/latency-monitor": plain,
  "unit/lazyfree": plain,
  "unit/pause": inBothWays,
  "unit/other": plain,
  "unit/tls": [{ servers: ["MyRedis"], suiteArguments: [overTls], why: "over TLS" }],
  "unit/tracking": plain,
  "unit/violations": plain,
};

const noChild = "looks for the child process that writes a snapshot in redis-server, and for the pipe from it";

/** By unit: tests that are left out because they would stop halfway and disturb the tests after them; each with its reason. */
export const skippedTests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "integration/replication": {
    ...allTests(
      noChild,
      "diskless replication child being killed is collected",
      "replication child dies when parent is killed - diskless: yes",
      "replication child dies when parent is killed - diskless: no",
      "diskless replication read pipe cleanup",
    ),
    "replica can handle EINTR if use diskless load": "interrupts loading by redis-server's own watchdog",
    "Fullsync should not free scripting engine on a replica while a script is running":
      "waits for a full synchronisation while a script runs on the replica; here a replica reads nothing meanwhile, and a " +
      "primary lets only a replica go that does not take its bytes",
  },
  "integration/replication-4": {
    "With min-slaves-to-write function without no-write flag": "there is no FUNCTION LOAD yet",
  },
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
      "unit/obuf-limits unit/oom-score-adj unit/pendingquerybuf unit/pubsubshard unit/shutdown",
  ),
  ...notRun("tests no command; it prints the version", "unit/printver"),
  ...notRun("there is one user: no ACL SETUSER yet", "sentinel/09-acl-support"),
  ...notRun("there is no FUNCTION LOAD yet", "unit/functions"),
  ...notRun(
    "measures how buffers of redis-server grow and shrink; clients of MyRedis share theirs",
    "unit/querybuf unit/replybufsize",
  ),
};

function allTests(reason: string, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

function notRun(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, reason]));
}

/** The name of a run: its unit, and the servers where the suite starts them. */
export const runName = (unit: string, { servers }: UnitRun): string =>
  servers === undefined ? unit : `${unit} (${servers.join(", ")})`;
