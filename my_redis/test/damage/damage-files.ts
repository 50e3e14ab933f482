import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

/** The files of one server that are damaged, and the data in them. */
export interface DamageFiles {
  /** A folder with the append-only log in `appendonlydir`, and the snapshot in dump.rdb. */
  readonly dir: string;
  readonly log: string;
  /** The increment before `log`. */
  readonly earlier: string;
  readonly base: string;
  readonly manifest: string;
  readonly snapshot: string;
  /** Length of the log after each of its units, and the digest of the data then. */
  readonly units: readonly { readonly bytes: number; readonly digest: string }[];
}

/** Size of the increment before the log. */
const earlierBytes = 2048;
const farAwayMs = 4_000_000_000_000;
const checksumLine = /#CRC32:[0-9a-f]{8}:[0-9]+\r\n$/;

/** Groups of commands, each of which is one unit of the log: all types, transactions and scripts. `step` makes them differ. */
function commandsOf(step: number): Word[][][] {
  return [
    [["SET", `string:${step}`, `value ${step}`, "PXAT", farAwayMs + step]],
    [["INCRBY", "number", step]],
    [["RPUSH", "list", `item ${step}`, step]],
    [["MULTI"], ["HSET", "hash", `field ${step % 40}`, step], ["SADD", "set", step, `m${step}`], ["EXEC"]],
    [["ZADD", "sorted", step / 8, `member ${step}`]],
    [["EVAL", "redis.call('SET', KEYS[1], ARGV[1]) redis.call('LPUSH', 'list', ARGV[1])", 1, "scripted", `by ${step}`]],
    [["XADD", "stream", `${step}-1`, "field", `value ${step}`]],
    [["XREADGROUP", "GROUP", "group", "reader", "COUNT", 1, "STREAMS", "stream", ">"]],
    [["SETBIT", "bits", step * 7, 1]],
    [["PFADD", "estimate", step]],
    [["LPOP", "list"]],
    [["SREM", "set", step - 3]],
    [["XACK", "stream", "group", `${step - 2}-1`]],
    [
      ["SELECT", step % 3],
      ["GEOADD", "places", step / 100, step / 200, `place ${step}`],
      ["SELECT", 0],
    ],
  ];
}

/** Makes the files, each of `bytes` bytes or slightly more. */
export async function writeDamageFiles(bytes: number): Promise<DamageFiles> {
  const dir = temporaryFolder("damage");
  const options = { appendonly: true, dir, "auto-aof-rewrite-percentage": 0, "enable-debug-command": "yes" } as const;
  const server = await startOpenServer({ port: 0, save: "", ...options });
  const rewriter = server.server.parts.storage?.log.rewriter;
  if (rewriter === undefined) throw new Error("a server without a log");
  const connection = await RespConnection.open(server.port, "MyRedis");
  const ask = async (...words: Word[]): Promise<string> => (await connection.reply(...words)).text ?? "";
  const digest = (): Promise<string> => ask("DEBUG", "DIGEST");

  await ask("SET", "in the base", "1");
  await ask("XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM");
  await ask("BGREWRITEAOF");
  while (!(await ask("INFO", "persistence")).includes("aof_rewrites:1\r\n")) await Bun.sleep(1);

  // An increment that stays, because the rewrite after which it would be replaced fails.
  const folder = join(dir, "appendonlydir");
  const earlier = join(folder, "appendonly.aof.2.incr.aof");
  for (let step = 1; readFileSync(earlier).length < earlierBytes; step++) {
    await connection.replies([["APPEND", "in the earlier increment", `${step} `], ...commandsOf(-step).flat()]);
  }
  rewriter.onStep = (step) => {
    if (step === "base written") throw new Error("as if the disk were full");
  };
  await ask("BGREWRITEAOF");
  while (!(await ask("INFO", "persistence")).includes("aof_last_bgrewrite_status:err\r\n")) await Bun.sleep(1);

  const log = join(folder, "appendonly.aof.3.incr.aof");
  const units = [{ bytes: 0, digest: await digest() }];
  for (let step = 1; (units.at(-1)?.bytes ?? 0) < bytes; step++) {
    for (const commands of commandsOf(step)) {
      await connection.replies(commands);
      const text = readFileSync(log, "latin1");
      if (!checksumLine.test(text)) throw new Error("the log does not end in a checksum");
      units.push({ bytes: text.length - (checksumLine.exec(text)?.[0].length ?? 0), digest: await digest() });
    }
  }
  const snapshot = join(dir, "dump.rdb");
  const written = readFileSync(log);
  await growTo(snapshot, bytes, ask);
  connection.close();
  await server.close();
  // The data that makes the snapshot large is no part of the log.
  writeFileSync(log, written);
  const manifest = join(folder, "appendonly.aof.manifest");
  return { dir, log, earlier, base: join(folder, "appendonly.aof.1.base.rdb"), manifest, snapshot, units };
}

/** Saves snapshots with more and more data until one is as large as it should be. */
async function growTo(snapshot: string, bytes: number, ask: (...words: Word[]) => Promise<string>): Promise<void> {
  for (let key = 0; ; key++) {
    await ask("SAVE");
    if (readFileSync(snapshot).length >= bytes) return;
    const words = Array.from({ length: 40 }, (_, index) => `${key * 7919 + index * 104_729} ${index * key}`);
    await ask("RPUSH", `grown:${key}`, ...words);
    await ask("HSET", `grown hash:${key}`, ...words);
    await ask("SADD", `grown set:${key}`, ...words);
  }
}
