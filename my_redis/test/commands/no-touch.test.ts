import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { type OpenServer, startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

// CLIENT NO-TOUCH is new in Redis 7.2, so the installed 7.0 cannot be compared.

/** The clock stands still between the steps, however long they take. */
let nowMs = 1000;
let running: OpenServer;
let quiet: RespConnection;
let other: RespConnection;

beforeAll(async () => {
  const environment = { monotonicMs: () => nowMs };
  running = await startOpenServer({ port: 0, memory: true, bind: ["127.0.0.1"], environment });
  other = await RespConnection.open(running.port, "MyRedis");
});
beforeEach(async () => {
  quiet = await RespConnection.open(running.port, "MyRedis");
  await other.replies([["FLUSHALL"], ["SET", "k", "v"]]);
  await quiet.reply("CLIENT", "NO-TOUCH", "ON");
  nowMs += 1_000_000;
});
afterEach(async () => {
  quiet.close();
  const isOver = (): boolean => running.server.observerList.count === 0;
  await waitUntil(isOver, { what: "the client to be gone", timeoutMs: 10_000 });
});
afterAll(async () => {
  other.close();
  await running.close();
});

const idleSeconds = async (): Promise<number> => Number((await other.reply("OBJECT", "IDLETIME", "k")).text);

test("the commands of a client with NO-TOUCH leave the access time of a key alone", async () => {
  await quiet.replies([
    ["GET", "k"],
    ["STRLEN", "k"],
    ["EVAL", "return redis.call('get', KEYS[1])", "1", "k"],
    ["MULTI"],
    ["GET", "k"],
    ["EXEC"],
  ]);
  expect(await idleSeconds()).toBe(1000);
});

test("TOUCH still updates the access time, and so do the commands of other clients", async () => {
  await quiet.reply("TOUCH", "k");
  expect(await idleSeconds()).toBe(0);
  nowMs += 50_000;
  await quiet.reply("GET", "k");
  await other.reply("GET", "k");
  expect(await idleSeconds()).toBe(0);
});

test("NO-TOUCH ends with OFF, with RESET and with the client, and costs nothing afterwards", async () => {
  const { observerList } = running.server;
  expect(observerList.count).toBe(1);
  await quiet.reply("CLIENT", "NO-TOUCH", "OFF");
  await quiet.reply("GET", "k");
  expect(await idleSeconds()).toBe(0);
  expect(observerList.count).toBe(0);
  await quiet.reply("CLIENT", "NO-TOUCH", "ON");
  expect(observerList.count).toBe(1);
  await quiet.reply("RESET");
  expect(observerList.count).toBe(0);
  await quiet.reply("CLIENT", "NO-TOUCH", "ON");
  expect((await other.reply("CLIENT", "LIST")).text).toContain("flags=T");
  const id = (await quiet.reply("CLIENT", "ID")).text as string;
  await other.reply("CLIENT", "KILL", "ID", id);
  while ((await other.reply("CLIENT", "LIST")).text?.includes("flags=T") === true) await Bun.sleep(1);
  nowMs += 50_000;
  await other.reply("GET", "k");
  expect(await idleSeconds()).toBe(0);
  expect(observerList.count).toBe(0);
});
