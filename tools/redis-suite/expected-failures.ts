/** Redis 7.2 prints a score with the fewest digits that identify it, 7.0 with seventeen digits. */
const digits = "expects a score with 17 digits; 7.2 prints the shortest number with the same value";
const acl = "there is one user: no ACL SETUSER yet";
const functions = "there is no FUNCTION LOAD yet";
const unblocked = "expects 7.0's -UNBLOCKED; 7.2 runs the command again, which answers with its own error";

const expiredAtStart =
  "counts keys that a primary leaves out at its start because they have expired; here it loads them, and then removes them on its replicas, too";
const mayBeChanged =
  "expects LOADING for CONFIG SET and REPLICAOF; here they are obeyed while a snapshot is loaded beside the old data";
const beginsLog = "expects that a log that is only beginning prevents the end; here it is completed at the end";

const all = (reason: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, reason]));

/** By unit and test: why a test of Redis 7.0's suite cannot pass. All of these must fail, and no other test may. */
export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "unit/type/zset": {
    ...all(
      digits,
      "ZSCORE - listpack",
      "ZMSCORE - listpack",
      "ZSCORE after a DEBUG RELOAD - listpack",
      "ZSCORE - skiplist",
      "ZMSCORE - skiplist",
      "ZSCORE after a DEBUG RELOAD - skiplist",
    ),
  },
  "unit/type/stream-cgroups": {
    ...all(
      unblocked,
      "Blocking XREADGROUP: key deleted",
      "Blocking XREADGROUP: key type changed with SET",
      "Blocking XREADGROUP: key type changed with transaction",
      "Blocking XREADGROUP: flushed DB",
    ),
    "Consumer without PEL is present in AOF after AOFRW":
      "expects that a waiting consumer does not exist yet; from 7.2 on it does",
  },
  "unit/scripting": {
    "Script ACL check": acl,
    ...all(
      "expects 7.0's refusal; 7.2 runs blocking commands in scripts, without blocking",
      "EVAL - Scripts can't run blpop command",
      "EVAL - Scripts can't run brpop command",
      "EVAL - Scripts can't run brpoplpush command",
      "EVAL - Scripts can't run blmove command",
      "EVAL - Scripts can't run bzpopmin command",
      "EVAL - Scripts can't run bzpopmax command",
      "EVAL - Scripts can't run XREAD and XREADGROUP with BLOCK option",
    ),
  },
  "unit/multi": {
    "MULTI propagation of XREADGROUP":
      "expects XCLAIM with LASTID for each entry; here one XGROUP SETID says the position of the group",
  },
  "unit/dump": {
    "RESTORE fail with invalid payload size":
      "restores a payload of a version that 7.0 does not know; here redis-server 7.0 fails with the same error",
  },
  "unit/introspection": {
    "MONITOR can log commands issued by functions": functions,
    ...all(
      "expects that CONFIG SET moves a running server to another address; here bind and port take effect at the start",
      "CONFIG sanity",
      "CONFIG SET rollback on apply error",
    ),
    "CONFIG GET hidden configs": "asks for a directive that slows down loading in redis-server, for its own tests",
  },
  "unit/slowlog": { "SLOWLOG - Certain commands are omitted that contain sensitive information": acl },
  "unit/latency-monitor": {
    "LATENCY of expire events are correctly collected":
      "expects that the server stops to free an expired set of a million members; here it is freed in small steps",
  },
  "unit/tls": {
    "TLS: Not accepting non-TLS connections on a TLS port":
      "expects an end without a word; BoringSSL sends an alert first, and then the connection ends, too",
    ...all(
      "uses AES128-SHA256 and AES256-SHA256, old ciphers that Bun's BoringSSL does not have",
      "TLS: Verify tls-ciphers behaves as expected",
      "TLS: Verify tls-prefer-server-ciphers behaves as expected",
    ),
    "TLS: switch between tcp and tls ports":
      "expects that CONFIG SET moves a running server to another port; here port and tls-port take effect at the start",
    "TLS: Working with an encrypted keyfile":
      "expects 7.0's words 'Unable to update TLS'; here the error names the file and the reason",
  },
  "unit/lazyfree": {
    "lazy free a stream with all types of metadata":
      "counts what another thread frees; here a value of this size is freed at once, a large one in small steps",
  },
  "unit/pause": {
    "Test RO scripts are not blocked by pause RO": functions,
    "Test both active and passive expires are skipped during client pause":
      "expects that an expired key stays in memory, invisible, during a pause; here it is deleted",
  },
  "unit/other": {
    "RESET clears authenticated state": acl,
  },
  ...inRuns(["MyRedis"], "sentinel/12-master-reboot", {
    "Master reboot in very short time": "makes redis-server load slowly, by its own key-load-delay",
  }),
  ...inRuns(["MyRedis"], "unit/pause", {
    "Test when replica paused, offset would not grow":
      "expects that a paused replica goes on reading, and only does not apply; here the stream waits at its primary",
  }),
  ...inRuns(["MyRedis"], "unit/expire", {
    "All time-to-live(TTL) in commands are propagated as absolute timestamp in milliseconds in AOF":
      "reads the log by itself, and does not skip the lines with checksums, as redis-server does",
  }),
  ...inRuns(["MyRedis"], "unit/multi", {
    "MULTI with BGREWRITEAOF": "counts child processes that write a log",
    "MULTI with config set appendonly": "looks for redis-server's words in the log about a child process",
  }),
  ...inRuns(["MyRedis", "MyRedis, redis-server"], "integration/replication", {
    "Blocked commands and configs during async-loading": mayBeChanged,
    "Kill rdb child process if its dumping RDB is not useful":
      "waits for a child process that writes a file; here the snapshot goes to the sockets as it is taken",
  }),
  ...inRuns(["MyRedis", "redis-server, MyRedis"], "integration/failover", {
    "failover aborts if target rejects sync request": acl,
  }),
  ...inRuns(["MyRedis", "MyRedis, redis-server"], "integration/replication-4", {
    "Data divergence can happen under default conditions":
      "needs DEBUG REPLICATE, which sends a false command to replicas",
  }),
  ...inRuns(["MyRedis", "MyRedis, redis-server"], "integration/psync2-master-restart", {
    ...all(
      expiredAtStart,
      "PSYNC2: Partial resync after Master restart using RDB aux fields with expire",
      "PSYNC2: Full resync after Master restart when too many key expired",
    ),
  }),
  ...inRuns(["MyRedis", "MyRedis, redis-server"], "integration/shutdown", {
    "Shutting down master waits for replica then fails": beginsLog,
  }),
};

/** The same tests in several runs of a unit, which are named by the servers that the suite starts. */
function inRuns(
  runs: readonly string[],
  unit: string,
  tests: Readonly<Record<string, string>>,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(runs.map((servers) => [`${unit} (${servers})`, tests]));
}
