import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "./my-redis-process.ts";

/** A request with any two bytes at the end of its lines. */
const request = (words: readonly string[], end: string): Buffer =>
  Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}${end}`).join("")}`, "latin1");

test("requests whose lines end in other bytes than CR LF are logged so that they can be loaded", async () => {
  const folder = temporaryFolder("aof");
  const server = await startMyRedis(folder);
  const connection = await server.connect();
  const commands = [
    ["SET", "plain", "1"],
    ["XADD", "stream", "*", "field", "value"],
    ["MULTI"],
    ["SET", "queued", "2"],
    ["EXEC"],
  ];
  for (const words of commands) connection.sendRaw(request(words, "*9"));
  connection.sendRaw(Buffer.from("*3\rX$3\rXSET\r\n$6\rXheader\r\n$1\rX3\r\n"));
  for (const _ of [...commands, "header"]) await connection.next();
  connection.close();
  await server.process.kill("SIGKILL");

  const restarted = await startMyRedis(folder);
  const reader = await restarted.connect();
  const values = await reader.replies([
    ["MGET", "plain", "queued", "header"],
    ["XLEN", "stream"],
  ]);
  expect(values[0]?.items?.map(({ text }) => text)).toEqual(["1", "2", "3"]);
  expect(values[1]?.text).toBe("1");
  reader.close();
  await restarted.process.kill("SIGKILL");
});

test("a log that names a missing database is refused, and the file is left as it is", async () => {
  const folder = temporaryFolder("aof");
  const server = await startMyRedis(folder);
  const connection = await server.connect();
  await connection.replies([
    ["SELECT", 9],
    ["SET", "key", "value"],
  ]);
  connection.close();
  await server.process.kill("SIGKILL");
  const log = join(folder, "appendonlydir", "appendonly.aof.1.incr.aof");
  const before = readFileSync(log);
  await expect(startMyRedis(folder, { databases: "4" })).rejects.toThrow(/bad at offset 0: SELECT 9: ERR DB index/);
  expect(readFileSync(log)).toEqual(before);
});

test("a command of the log that fails is reported, and the rest is loaded", async () => {
  const folder = temporaryFolder("aof");
  const server = await startMyRedis(folder, { "aof-checksum": "no" });
  await server.process.kill("SIGKILL");
  const log = join(folder, "appendonlydir", "appendonly.aof.1.incr.aof");
  writeFileSync(
    log,
    Buffer.concat(
      [
        ["SET", "a", "x"],
        ["INCR", "a"],
        ["SET", "b", "y"],
      ].map((words) => request(words, "\r\n")),
    ),
  );
  const restarted = await startMyRedis(folder);
  const reader = await restarted.connect();
  expect((await reader.reply("GET", "b")).text).toBe("y");
  expect(restarted.process.stdout()).toContain(
    "'INCR' in the log was answered with an error: ERR value is not an integer",
  );
  reader.close();
  await restarted.process.kill("SIGKILL");
});
