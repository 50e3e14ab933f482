import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processIsAlive, startProcess, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { startMyRedis } from "./my-redis-process.ts";

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
    expect(existsSync(join(logFolder(folder), "lock"))).toBe(false);
  });

  test("takes over the lock of a process that was killed, even if another process has its number now", async () => {
    const folder = await folderWithKey();
    const lock = join(logFolder(folder), "lock");
    expect(existsSync(lock)).toBe(true);
    writeFileSync(lock, readFileSync(lock, "latin1").replace(/^\d+/, String(process.pid)));
    const server = await startMyRedis(folder);
    await server.process.kill("SIGKILL");
  });

  test("takes over the lock of a process that has ended, even if its parent has not reaped it", async () => {
    const folder = await folderWithKey();
    // `exec` turns the shell into a program that never reaps the shell's child.
    const parent = await startProcess({
      cmd: ["bash", "-c", "sleep 60 & echo child:$!:; exec sleep 60"],
      readyWhen: /child:(\d+):/,
    });
    const child = Number(parent.readyMatch?.[1]);
    const start = readFileSync(`/proc/${child}/stat`, "latin1").split(") ")[1]?.split(" ")[19];
    const lock = join(logFolder(folder), "lock");
    writeFileSync(lock, readFileSync(lock, "latin1").replace(/^\d+ \d+/, `${child} ${start}`));
    await expect(startMyRedis(folder)).rejects.toThrow(`is in use by process ${child}`);
    process.kill(child, "SIGKILL");
    await waitUntil(() => !processIsAlive(child), { what: "the child's end", timeoutMs: 10_000 });
    expect(existsSync(`/proc/${child}`)).toBe(true);
    const server = await startMyRedis(folder);
    await server.process.kill("SIGKILL");
    await parent.stop();
  });
});
