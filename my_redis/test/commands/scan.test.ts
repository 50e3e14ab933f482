import { expect, test } from "bun:test";
import { startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

// differential/ compares scans of unchanging keys with redis-server.
test("SCAN returns every key that exists throughout, while thousands of others are created and deleted", async () => {
  const running = await startServer({ port: 0, memory: true, bind: ["127.0.0.1"] });
  const connection = await RespConnection.open(running.port, "MyRedis");
  const staying = Array.from({ length: 500 }, (_, at) => `staying:${at}`);
  await connection.reply("MSET", ...staying.flatMap((key) => [key, "v"]));
  const seen = new Set<string>();
  let cursor = "0";
  let turns = 0;
  do {
    // During the scan, the index grows to sixteen times its size, shrinks, and grows again.
    const others = Array.from({ length: 400 }, (_, at) => `other:${(turns % 40) * 400 + at}`);
    const growing = Math.floor(turns / 40) % 2 === 0;
    await connection.reply(...(growing ? ["MSET", ...others.flatMap((key) => [key, "v"])] : ["DEL", ...others]));
    const { items } = await connection.reply("SCAN", cursor, "COUNT", 20);
    for (const key of items?.[1]?.items ?? []) seen.add(key.text ?? "");
    cursor = items?.[0]?.text ?? "";
    turns++;
  } while (cursor !== "0" && turns < 5000);
  connection.close();
  await running.close();
  expect(cursor).toBe("0");
  expect(turns).toBeGreaterThan(80);
  expect(staying.filter((key) => !seen.has(key))).toEqual([]);
});
