import { cpSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { type Service, startRedisServer, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { type MyRedisProcess, startMyRedis } from "../crash/my-redis-process.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";
import { WalkCrowd } from "./walk-crowd.ts";
import { readState, stateDifferences, type WalkState } from "./walk-state.ts";

export interface WalkRoundOptions {
  readonly seed: number;
  /** So many snapshots are compared, and as many times the log is rewritten. */
  readonly snapshots: number;
  /** Whether there is less memory than the data needs; every other seed if left out. */
  readonly evicts?: boolean;
}

export interface WalkRoundResult {
  readonly requests: number;
  readonly expired: number;
  readonly evicted: number;
  readonly differences: readonly string[];
}

const clients = 6;
const patienceMs = 60_000;
/** In rounds with eviction, the part of the memory in use that may still be used when a file is begun. */
const allowedShare = 0.7;
/** Large values that expire as soon as a file is begun. Some of them exist. */
const soonExpired = ["set:0", "set:1", "hash:0", "hash:1"];
const policies = ["allkeys-random", "allkeys-lru", "volatile-ttl", "allkeys-lfu"];

/**
 * Random requests of several clients to large values while BGSAVE and BGREWRITEAOF run. redis-server must load from each
 * snapshot what was there when it began, and from the log what is there at the end.
 */
export async function runWalkRound({
  seed,
  snapshots,
  evicts = seed % 2 === 0,
}: WalkRoundOptions): Promise<WalkRoundResult> {
  const random = new SeededRandom(seed);
  const folder = temporaryFolder("walk");
  const server = await startWalked(folder, random);
  const control = await server.connect();
  const crowd = await WalkCrowd.open(server, clients, random);
  const differences: string[] = [];
  // Nothing is evicted or expired before the file is begun, so that all of it happens while the file is written.
  const goOn = async (): Promise<Word[][]> => {
    const limitBytes = evicts ? Math.floor((await usedMemory(control)) * allowedShare) : 0;
    return [
      ["CONFIG", "SET", "maxmemory", limitBytes],
      ["DEBUG", "SET-ACTIVE-EXPIRE", 1],
      ...soonExpired.map((key) => ["PEXPIRE", key, 1]),
    ];
  };
  for (let number = 1; number <= snapshots; number++) {
    await crowd.fill();
    const begun = [["BGREWRITEAOF"], ...(await goOn())];
    await crowd.runDuring(async () => {
      await control.replies(begun);
      await untilIdle(control);
    });
    await standStill(control);
    if (random.oneIn(2)) await crowd.fill();
    const expected = await readState(control, [["BGSAVE"], ...(await goOn())]);
    await crowd.runDuring(() => untilIdle(control));
    differences.push(
      ...(await differencesOf(folder, "dump.rdb", expected)).map((text) => `snapshot ${number}: ${text}`),
    );
  }
  await standStill(control);
  const expected = await readState(control);
  const { requests } = crowd;
  const statistics = (await control.reply("INFO", "stats")).text ?? "";
  const [expired, evicted] = ["expired", "evicted"].map((what) =>
    Number(new RegExp(`^${what}_keys:(\\d+)`, "m").exec(statistics)?.[1]),
  ) as [number, number];
  crowd.close();
  control.close();
  await server.process.kill("SIGKILL");
  differences.push(...(await differencesOf(folder, "appendonlydir", expected)).map((text) => `log: ${text}`));
  return { requests, expired, evicted, differences };
}

function startWalked(folder: string, random: SeededRandom): Promise<MyRedisProcess> {
  return startMyRedis(folder, {
    "enable-debug-command": "yes",
    // Otherwise the file is complete before the server looks for expired keys, which it does ten times a second.
    "rdb-key-save-delay": "1",
    "auto-aof-rewrite-percentage": "0",
    "aof-use-rdb-preamble": random.oneIn(3) ? "no" : "yes",
    "maxmemory-policy": random.pick(policies),
    ...(random.oneIn(3) ? { "list-max-listpack-size": "64", "hash-max-listpack-entries": "8000" } : {}),
  });
}

const usedMemory = async (control: RespConnection): Promise<number> =>
  Number(/used_memory:(\d+)/.exec((await control.reply("INFO", "memory")).text ?? "")?.[1]);

/** Nothing expires and nothing is evicted any more, so that reading changes nothing. */
async function standStill(control: RespConnection): Promise<void> {
  await control.replies([
    ["DEBUG", "SET-ACTIVE-EXPIRE", 0],
    ["CONFIG", "SET", "maxmemory", 0],
  ]);
}

async function untilIdle(control: RespConnection): Promise<void> {
  const isIdle = async (): Promise<boolean> =>
    !/(rdb_bgsave_in_progress|aof_rewrite_in_progress|aof_rewrite_scheduled):1/.test(
      (await control.reply("INFO", "persistence")).text ?? "",
    );
  await waitUntil(isIdle, { what: "the file to be complete", timeoutMs: patienceMs });
}

/** What redis-server loads from a file or a folder, compared with what was there. */
async function differencesOf(folder: string, name: string, expected: WalkState): Promise<string[]> {
  const copy = temporaryFolder("walk");
  cpSync(join(folder, name), join(copy, name), { recursive: true });
  const log = name === "dump.rdb" ? "no" : "yes";
  // As a replica, whose master is not there, it keeps keys that have expired.
  const args = ["--dir", copy, "--appendonly", log, "--enable-debug-command", "yes", "--replicaof", "127.0.0.1 1"];
  let redis: Service;
  try {
    redis = await startRedisServer({ args, timeoutMs: patienceMs });
  } catch (error) {
    return [`redis-server does not load it: ${String(error).slice(0, 1000)}`];
  }
  const connection = await RespConnection.open(redis.port, "redis-server");
  try {
    return stateDifferences(expected, await readState(connection), Date.now());
  } finally {
    connection.close();
    await redis.stop();
  }
}
