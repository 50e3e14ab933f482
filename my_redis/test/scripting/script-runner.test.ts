import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const startQuick = () => startOpenServer({ port: 0, bind: ["127.0.0.1"], memory: true, "busy-reply-threshold": 1 });

describe("the scripts of a server", () => {
  test("end with it, even one that runs for ever", async () => {
    const running = await startQuick();
    const connection = await RespConnection.open(running.port, "MyRedis");
    connection.send(["EVAL", "while true do pcall(function() while true do end end) end", "0"]);
    const { engine } = running.server.scripts;
    await waitUntil(() => running.server.execution.scriptIsPaused, {
      what: "the script to be slow",
      timeoutMs: 10_000,
    });
    expect(engine.running).toBeDefined();
    connection.close();
    await running.close();
    await waitUntil(() => engine.running === undefined, { what: "the script to end", timeoutMs: 10_000 });
    expect(running.server.execution.scriptIsPaused).toBe(false);
  });

  test("answer in turn when slow and quick ones are pipelined", async () => {
    const running = await startQuick();
    const connection = await RespConnection.open(running.port, "MyRedis");
    const slow = "local n = 0 for i = 1, 3000000 do n = n + 1 end return redis.call('incrby', KEYS[1], n)";
    const replies = await connection.replies([
      ["EVAL", slow, "1", "k"],
      ["GET", "k"],
      ["EVAL", slow, "1", "k"],
      ["EVAL", "return redis.call('incr', KEYS[1])", "1", "k"],
      ["PING"],
    ]);
    expect(replies.map(({ text }) => text)).toEqual(["3000000", "3000000", "6000000", "6000001", "PONG"]);
    connection.close();
    await running.close();
  });

  test("report their memory in INFO", async () => {
    const running = await startQuick();
    const connection = await RespConnection.open(running.port, "MyRedis");
    await connection.replies([
      ["EVAL", "return 1", "0"],
      ["EVAL", "return 1", "0"],
      ["SCRIPT", "LOAD", "return 22"],
    ]);
    const info = (await connection.reply("INFO", "memory")).text ?? "";
    expect(info).toMatch(/used_memory_lua:[1-9]\d{3,}\r\n/);
    expect(info).toContain("used_memory_scripts_eval:17\r\nnumber_of_cached_scripts:2\r\n");
    connection.close();
    await running.close();
  });
});
