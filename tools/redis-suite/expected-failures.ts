import { outsideOfTests } from "./unit-output.ts";

/** For tests that read what the server sends to a replica. MyRedis has no replication yet. */
const replica = "reads the stream of a replica with SYNC and without capa eof, which is refused";
/** Redis 7.2 prints a score with the fewest digits that identify it, 7.0 with seventeen digits. */
const digits = "expects a score with 17 digits; 7.2 prints the shortest number with the same value";
const acl = "there is one user: no ACL SETUSER yet";
const functions = "there is no FUNCTION LOAD yet";
const unblocked = "expects 7.0's -UNBLOCKED; 7.2 runs the command again, which answers with its own error";

const all = (reason: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, reason]));

/** By unit and test: why a test of Redis 7.0's suite cannot pass. All of these must fail, and no other test may. */
export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "unit/type/string": all(
    replica,
    "GETDEL propagate as DEL command to replica",
    "GETEX without argument does not propagate to replica",
  ),
  "unit/type/list": all(
    replica,
    "SWAPDB wants to wake blocked client, but the key already expired",
    "MULTI + LPUSH + EXPIRE + DEBUG SLEEP on blocked client, key already expired",
    "BLMPOP propagate as pop with count command to replica",
    "LMPOP propagate as pop with count command to replica",
  ),
  "unit/type/zset": {
    ...all(
      replica,
      "ZMPOP propagate as pop with count command to replica",
      "BZMPOP propagate as pop with count command to replica",
    ),
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
    ...all(
      replica,
      "SPOP: We can call scripts rewriting client->argv from Lua",
      "MGET: mget shouldn't be propagated in Lua",
      "EXPIRE: We can call scripts rewriting client->argv from Lua",
      outsideOfTests,
    ),
    "Script ACL check": acl,
    "not enough good replicas": "asks for replicas, and there is no replication yet",
  },
  "unit/multi": all(
    replica,
    "MULTI / EXEC is not propagated (single write command)",
    "MULTI / EXEC is propagated correctly (multiple commands)",
    "MULTI / EXEC is propagated correctly (multiple commands with SELECT)",
    "MULTI / EXEC is propagated correctly (empty transaction)",
    "MULTI / EXEC is propagated correctly (read-only commands)",
    "MULTI / EXEC is propagated correctly (write command, no effect)",
    "MULTI / EXEC with REPLICAOF",
    "MULTI propagation of PUBLISH",
    "MULTI propagation of SCRIPT LOAD",
    "MULTI propagation of EVAL",
    "MULTI propagation of SCRIPT FLUSH",
    "MULTI propagation of XREADGROUP",
  ),
  "unit/dump": {
    "RESTORE fail with invalid payload size":
      "restores a payload of a version that 7.0 does not know; here redis-server 7.0 fails with the same error",
  },
  "unit/introspection": {
    ...all(
      "expects the size of the buffer for the request, which CLIENT LIST of MyRedis shows as 0",
      "CLIENT LIST",
      "CLIENT INFO",
    ),
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
  "unit/expire": all(
    replica,
    "All TTL in commands are propagated as absolute timestamp in replication stream",
    "GETEX propagate as to replica as PERSIST, DEL, or nothing",
    "SCAN: Lazy-expire should not be wrapped in MULTI/EXEC",
    "RANDOMKEY: Lazy-expire should not be wrapped in MULTI/EXEC",
  ),
};
