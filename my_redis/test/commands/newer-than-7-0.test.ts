import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type RunningServer, startServer } from "../../index.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection, type Word } from "../differential/harness/resp-connection.ts";

// Behaviour of Redis 7.2 and 7.4 that differs from 7.0, with which everything else is compared.

let nowMs = 1_700_000_000_000;
let running: RunningServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startServer({ port: 0, memory: true, bind: ["127.0.0.1"], environment: { nowMs: () => nowMs } });
  connection = await RespConnection.open(running.port, "MyRedis");
});
beforeEach(() => connection.reply("FLUSHALL"));
afterAll(async () => {
  connection.close();
  await running.close();
});

const shown = async (...command: Word[]): Promise<string> => showReply(await connection.reply(...command));

describe("HSCAN with NOVALUES", () => {
  test("returns only the fields, also with other options", async () => {
    await connection.reply("HSET", "h", "a", "1", "b", "2", "c", "3");
    expect(await shown("HSCAN", "h", "0", "NOVALUES")).toBe('*[$"0" *[$"a" $"b" $"c"]]');
    expect(await shown("HSCAN", "h", "0", "MATCH", "[ab]", "novalues", "COUNT", "5")).toBe('*[$"0" *[$"a" $"b"]]');
    expect(await shown("HSCAN", "h", "0", "NOVALUES", "MATCH")).toBe("-ERR syntax error");
    expect(await shown("SCAN", "0", "NOVALUES")).toBe("-ERR syntax error");
  });

  test("returns the fields of a large hash", async () => {
    const fields = Array.from({ length: 600 }, (_, at) => `field:${at}`);
    await connection.reply("HSET", "h", ...fields.flatMap((field) => [field, "value"]));
    const { items } = await connection.reply("HSCAN", "h", "0", "NOVALUES", "COUNT", "100000");
    expect(items?.[1]?.items?.map(({ text }) => text ?? "").sort()).toEqual(fields.toSorted());
  });
});

describe("consumers", () => {
  beforeEach(async () => {
    await connection.replies([
      ["XADD", "s", "1", "f", "v"],
      ["XGROUP", "CREATE", "s", "g", "0"],
    ]);
  });

  test("exist from their first attempt, and show the times of the last attempt and of the last delivery", async () => {
    await connection.reply("XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", ">");
    nowMs += 50;
    await connection.reply("XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", ">");
    await connection.reply("XREADGROUP", "GROUP", "g", "Bob", "STREAMS", "s", ">");
    await connection.reply("XCLAIM", "s", "g", "Carol", "1000000", "1");
    await connection.reply("XAUTOCLAIM", "s", "g", "Dave", "1000000", "0");
    nowMs += 7;
    const consumer = (name: string, pending: number, inactive: number): string =>
      `*[$"name" $"${name}" $"pending" :${pending} $"idle" :7 $"inactive" :${inactive}]`;
    expect(await shown("XINFO", "CONSUMERS", "s", "g")).toBe(
      `*[${consumer("Alice", 1, 57)} ${consumer("Bob", 0, -1)} ${consumer("Carol", 0, -1)} ${consumer("Dave", 0, -1)}]`,
    );
  });

  test("show in XINFO STREAM FULL when they were active", async () => {
    await connection.reply("XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", ">");
    const activeMs = nowMs;
    nowMs += 9;
    // Reading one's history, or reading with NOACK, counts as an attempt.
    await connection.reply("XREADGROUP", "GROUP", "g", "Alice", "STREAMS", "s", "0");
    await connection.reply("XADD", "s", "2", "f", "v");
    await connection.reply("XREADGROUP", "GROUP", "g", "Alice", "NOACK", "STREAMS", "s", ">");
    expect(await shown("XINFO", "STREAM", "s", "FULL")).toContain(
      `*[$"name" $"Alice" $"seen-time" :${nowMs} $"active-time" :${activeMs} $"pel-count" :1`,
    );
    await connection.reply("XCLAIM", "s", "g", "Bob", "0", "1");
    expect(await shown("XINFO", "STREAM", "s", "FULL")).toContain(
      `*[$"name" $"Bob" $"seen-time" :${nowMs} $"active-time" :${nowMs} $"pel-count" :1`,
    );
  });
});

test("XSETID refuses an id below the greatest deleted one", async () => {
  await connection.replies([
    ["XADD", "s", "5", "f", "v"],
    ["XDEL", "s", "5"],
  ]);
  expect(await shown("XSETID", "s", "4")).toBe(
    "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
  );
  expect(await shown("XSETID", "s", "5")).toBe("+OK");
});

test("XREAD accepts + for the last entry, and refuses a timeout beyond 64 bits", async () => {
  expect(await shown("XREAD", "STREAMS", "s", "+")).toBe("*nil");
  await connection.replies([
    ["XADD", "s", "1", "f", "v"],
    ["XADD", "s", "2", "f", "v"],
  ]);
  expect(await shown("XREAD", "STREAMS", "s", "+")).toBe('*[*[$"s" *[*[$"2-0" *[$"f" $"v"]]]]]');
  await connection.reply("XDEL", "s", "2");
  expect(await shown("XREAD", "STREAMS", "s", "+")).toBe('*[*[$"s" *[*[$"1-0" *[$"f" $"v"]]]]]');
  expect(await shown("XREAD", "BLOCK", "9223372036854775807", "STREAMS", "s", "$")).toBe(
    "-ERR timeout is out of range",
  );
});
