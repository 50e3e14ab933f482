import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRedisServer, temporaryFolder } from "../../../tools/test-services/index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";
import { startMyRedis, startMyRedisOnFullDisk } from "./my-redis-process.ts";

const logOf = (folder: string): string => join(folder, "appendonlydir", "appendonly.aof.1.incr.aof");

async function textReply(connection: RespConnection, ...command: (string | number)[]): Promise<string> {
  const reply = await connection.reply(...command);
  return `${reply.sign}${reply.text}`;
}

/** A folder with the log of these commands, written by a process that was killed. */
async function folderWith(commands: readonly (readonly (string | number)[])[]): Promise<string> {
  const folder = temporaryFolder("aof");
  const server = await startMyRedis(folder);
  const connection = await server.connect();
  await connection.replies(commands);
  connection.close();
  await server.process.kill("SIGKILL");
  return folder;
}

describe("the append-only file", () => {
  for (const policy of ["always", "everysec", "no"]) {
    test(`with appendfsync ${policy}, a process killed under load keeps every write that it acknowledged`, async () => {
      const folder = temporaryFolder("aof");
      const server = await startMyRedis(folder, { appendfsync: policy });
      const connections = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
      const acknowledged: string[] = [];
      const writers = connections.map(async (connection, writer) => {
        for (let number = 0; ; number++) {
          const reply = await connection
            .reply("SET", `key:${writer}:${number}`, `value:${number}`)
            .catch(() => undefined);
          if (reply === undefined) return;
          acknowledged.push(`key:${writer}:${number}`);
        }
      });
      while (acknowledged.length < 2000) await Bun.sleep(5);
      await server.process.kill("SIGKILL");
      await Promise.all(writers);

      const restarted = await startMyRedis(folder);
      const connection = await restarted.connect();
      const replies = await connection.replies(acknowledged.map((key) => ["GET", key]));
      const lost = acknowledged.filter((key, index) => replies[index]?.text !== `value:${key.split(":")[2]}`);
      expect(lost).toEqual([]);
      connection.close();
      await restarted.process.stop();
    });
  }

  test("a cut tail is truncated with a warning, whole transactions only, and the log continues from there", async () => {
    const folder = await folderWith([
      ["SET", "before", "1"],
      ["MULTI"],
      ["SET", "first", "1"],
      ["SET", "second", "1"],
      ["EXEC"],
    ]);
    const whole = readFileSync(logOf(folder));
    const transactionStart = whole.indexOf("*1\r\n$5\r\nMULTI");
    const transactionEnd = whole.indexOf("EXEC\r\n") + "EXEC\r\n".length;
    // A crash of the machine could leave the file at any length within the transaction.
    for (let length = transactionStart + 1; length < transactionEnd; length += 17) {
      writeFileSync(logOf(folder), whole);
      truncateSync(logOf(folder), length);
      const server = await startMyRedis(folder);
      const connection = await server.connect();
      const values = await connection.replies([
        ["GET", "before"],
        ["EXISTS", "first", "second"],
        ["SET", "after", "2"],
      ]);
      expect(values.map((value) => value.text)).toEqual(["1", "0", "OK"]);
      expect(server.process.stdout() + server.process.stderr()).toContain(
        `after offset ${transactionStart}; cut there`,
      );
      connection.close();
      await server.process.kill("SIGKILL");

      const again = await startMyRedis(folder);
      const reader = await again.connect();
      expect(await textReply(reader, "GET", "after")).toBe("$2");
      reader.close();
      await again.process.stop();
    }
  }, 60_000);

  test("with aof-load-truncated no, a cut tail is refused and left as it is", async () => {
    const folder = await folderWith([["SET", "key", "value"]]);
    truncateSync(logOf(folder), statSync(logOf(folder)).size - 30);
    const before = readFileSync(logOf(folder));
    await expect(startMyRedis(folder, { "aof-load-truncated": "no" })).rejects.toThrow(
      /ends in the middle of a command/,
    );
    expect(readFileSync(logOf(folder))).toEqual(before);
  });

  test("a flipped bit in a value is refused with the offset, and the file is left as it is", async () => {
    const folder = await folderWith([
      ["SET", "key", "value"],
      ["SET", "other", "thing"],
    ]);
    const bytes = readFileSync(logOf(folder));
    const at = bytes.indexOf("value");
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(logOf(folder), bytes);
    await expect(startMyRedis(folder)).rejects.toThrow(
      /bad at offset \d+: the data before it does not fit its checksum/,
    );
    expect(readFileSync(logOf(folder))).toEqual(bytes);
  });

  test("a broken length in the middle is refused with its offset", async () => {
    const folder = await folderWith([
      ["SET", "key", "value"],
      ["SET", "other", "thing"],
    ]);
    const bytes = readFileSync(logOf(folder));
    const at = bytes.indexOf("$3\r\nSET");
    bytes[at] = "!".charCodeAt(0);
    writeFileSync(logOf(folder), bytes);
    const commandStart = bytes.lastIndexOf("*3", at);
    await expect(startMyRedis(folder)).rejects.toThrow(
      new RegExp(`bad at offset ${commandStart}: expected '\\$', got byte 33`),
    );
  });

  test("a file that the manifest names and that is missing is refused", async () => {
    const folder = temporaryFolder("aof");
    mkdirSync(join(folder, "appendonlydir"));
    writeFileSync(join(folder, "appendonlydir", "appendonly.aof.manifest"), "file gone.incr.aof seq 1 type i\n");
    await expect(startMyRedis(folder)).rejects.toThrow(/manifest names \S+gone\.incr\.aof, which is missing/);
  });

  test("redis-server loads what MyRedis wrote", async () => {
    const folder = await folderWith([
      ["SELECT", 3],
      ["SET", "key", "value", "PX", 100_000_000],
      ["INCRBYFLOAT", "float", "1.5"],
      ["MULTI"],
      ["SET", "one", "1"],
      ["SET", "two", "2"],
      ["EXEC"],
    ]);
    const redis = await startRedisServer({ args: ["--dir", folder, "--appendonly", "yes"] });
    const connection = await RespConnection.open(redis.port, "redis-server");
    const replies = await connection.replies([
      ["SELECT", 3],
      ["MGET", "key", "float", "one", "two"],
      ["PTTL", "key"],
    ]);
    expect(replies[1]?.items?.map((item) => item.text)).toEqual(["value", "1.5", "1", "2"]);
    expect(Number(replies[2]?.text)).toBeGreaterThan(90_000_000);
    connection.close();
    await redis.stop();
  });

  test("MyRedis loads what redis-server wrote", async () => {
    const folder = temporaryFolder("aof");
    // With `everysec` it may reply before it writes, and `stop` would lose the write.
    const args = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no"];
    const redis = await startRedisServer({ args });
    const connection = await RespConnection.open(redis.port, "redis-server");
    await connection.replies([["SET", "key", "value"], ["MULTI"], ["SET", "one", "1"], ["SET", "two", "2"], ["EXEC"]]);
    connection.close();
    await redis.stop();
    const server = await startMyRedis(folder);
    const reader = await server.connect();
    const reply = await reader.reply("MGET", "key", "one", "two");
    expect(reply.items?.map((item) => item.text)).toEqual(["value", "1", "2"]);
    reader.close();
    await server.process.stop();
  });

  test("a full disk refuses writes with MISCONF, serves reads, and recovers when there is room again", async () => {
    const folder = temporaryFolder("aof");
    const server = await startMyRedisOnFullDisk(folder, 64);
    let connection = await server.connect();
    const acknowledged: string[] = [];
    for (let number = 0; number < 200; number++) {
      const reply = await connection.reply("SET", `key:${number}`, "x".repeat(1000)).catch(() => undefined);
      if (reply?.text !== "OK") break;
      acknowledged.push(`key:${number}`);
    }
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.length).toBeLessThan(70);
    connection.close();
    connection = await server.connect();
    expect(await textReply(connection, "SET", "another", "1")).toStartWith(
      "-MISCONF Errors writing to the AOF file: EFBIG",
    );
    expect(await textReply(connection, "STRLEN", "key:0")).toBe(":1000");
    Bun.spawnSync(["prlimit", "--pid", `${server.process.pid}`, "--fsize=unlimited"]);
    while ((await textReply(connection, "SET", "another", "1")) !== "+OK") await Bun.sleep(50);
    connection.close();
    await server.process.kill("SIGKILL");

    const restarted = await startMyRedis(folder);
    const reader = await restarted.connect();
    const present = await reader.replies([...acknowledged, "another"].map((key) => ["EXISTS", key]));
    expect(present.every((reply) => reply.text === "1")).toBe(true);
    reader.close();
    await restarted.process.stop();
  }, 30_000);

  test("a log from before Redis 7, one file beside the folder, is taken over", async () => {
    const folder = await folderWith([["SET", "key", "value"]]);
    const older = temporaryFolder("aof");
    copyFileSync(logOf(folder), join(older, "appendonly.aof"));
    const server = await startMyRedis(older);
    const connection = await server.connect();
    expect(await textReply(connection, "GET", "key")).toBe("$value");
    connection.close();
    await server.process.stop();
  });
});
