import { expect, test } from "bun:test";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

/** A run of 4096 registers of 0. The other registers have none. */
const damaged = Buffer.from(`HYLL\x01${"\0".repeat(11)}\x4f\xff`, "latin1");

test("what PFADD has added is there after a restart, however many elements a request had", async () => {
  const dir = temporaryFolder("hyperloglog-log");
  const start = () => startOpenServer({ port: 0, dir, appendonly: true });
  const keys = Array.from({ length: 30 }, (_, key) => `key ${key}`);
  const values = async (port: number): Promise<(string | null | undefined)[]> => {
    const connection = await RespConnection.open(port, "MyRedis");
    const replies = await connection.replies([...keys.map((key) => ["GET", key] as const), ["DBSIZE"]]);
    connection.close();
    return replies.map(({ text }) => text);
  };

  let running = await start();
  const connection = await RespConnection.open(running.port, "MyRedis");
  for (const [at, key] of keys.entries()) {
    const elements = Array.from({ length: at * at }, (_, element) => `${"element".repeat(at)} ${element}`);
    await connection.replies([
      ["PFADD", key, ...elements],
      ["SET", "other", at],
    ]);
  }
  connection.close();
  const before = await values(running.port);
  expect(before.at(-1)).toBe("31");
  await running.close();

  running = await start();
  expect(await values(running.port)).toEqual(before);
  await running.close();
});

test("what PFADD has added before it met damage is there after a restart", async () => {
  const dir = temporaryFolder("hyperloglog-log");
  const start = () => startOpenServer({ port: 0, dir, appendonly: true });
  const value = async (connection: RespConnection): Promise<string> =>
    (await connection.reply("GET", "h")).text as string;

  let running = await start();
  let connection = await RespConnection.open(running.port, "MyRedis");
  await connection.reply("SET", "h", damaged, "EX", 1000);
  const replies: string[] = [];
  for (let at = 0; at < 10; at++) {
    const words = Array.from({ length: 20 }, (_, element) => `element ${at * 20 + element}`);
    replies.push((await connection.reply("PFADD", "h", ...words)).text as string);
  }
  expect(replies).toContain("INVALIDOBJ Corrupted HLL object detected");
  const before = await value(connection);
  expect(before.length).toBeGreaterThan(damaged.length);
  connection.close();
  await running.close();

  running = await start();
  connection = await RespConnection.open(running.port, "MyRedis");
  expect(await value(connection)).toBe(before);
  expect(Number((await connection.reply("TTL", "h")).text)).toBeGreaterThan(0);
  connection.close();
  await running.close();
});
