import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processIsAlive, startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { mainFile, startMyRedis } from "./my-redis-process.ts";

const logFolder = (folder: string): string => join(folder, "appendonlydir");

async function folderWithKey(): Promise<string> {
  const folder = temporaryFolder("aof");
  const server = await startMyRedis(folder);
  const connection = await server.connect();
  await connection.reply("SET", "key", "value");
  connection.close();
  await server.process.kill("SIGKILL");
  return folder;
}

describe("a start", () => {
  test("that was killed while it took over a log from before Redis 7 is completed by the next", async () => {
    const folder = temporaryFolder("aof");
    copyFileSync(join(logFolder(await folderWithKey()), "appendonly.aof.1.incr.aof"), join(folder, "appendonly.aof"));
    // The manifest is written, and the file not moved yet.
    mkdirSync(logFolder(folder));
    writeFileSync(join(logFolder(folder), "appendonly.aof.manifest"), "file appendonly.aof seq 1 type b\n");
    const server = await startMyRedis(folder);
    const connection = await server.connect();
    expect((await connection.reply("GET", "key")).text).toBe("value");
    connection.close();
    await server.process.kill("SIGKILL");
  });

  test("on a folder that another server writes to is refused, and leaves its log alone", async () => {
    const folder = temporaryFolder("aof");
    const first = await startMyRedis(folder);
    const connection = await first.connect();
    await connection.reply("SET", "key", "value");
    const before = readFileSync(join(logFolder(folder), "appendonly.aof.1.incr.aof"));
    await expect(startMyRedis(folder)).rejects.toThrow(
      new RegExp(`appendonlydir is in use by process ${first.process.pid}`),
    );
    expect(readFileSync(join(logFolder(folder), "appendonly.aof.1.incr.aof"))).toEqual(before);
    expect((await connection.reply("SET", "key", "another")).text).toBe("OK");
    connection.close();
    await first.process.stop();
    const second = await startMyRedis(folder);
    await second.process.stop();
  });

  test("is possible after a process that was killed, even if its parent has not reaped it", async () => {
    const folder = temporaryFolder("aof");
    const words = [process.execPath, mainFile, "--port", "0", "--dir", folder, "--appendonly", "yes"];
    // `exec` turns the shell into a program that never reaps the shell's child.
    const parent = await startProcess({
      cmd: ["bash", "-c", '"$@" & exec sleep 60', "bash", ...words],
      readyWhen: /Ready to accept connections/,
    });
    await expect(startMyRedis(folder)).rejects.toThrow("is in use by process");
    const holder = Number(readFileSync(join(logFolder(folder), "lock"), "latin1"));
    process.kill(holder, "SIGKILL");
    await waitUntil(() => !processIsAlive(holder), { what: "the holder's end", timeoutMs: 10_000 });
    expect(existsSync(`/proc/${holder}`)).toBe(true);
    const server = await startMyRedis(folder);
    await server.process.kill("SIGKILL");
    await parent.stop();
  });
});
