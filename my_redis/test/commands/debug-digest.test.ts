import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type RunningServer, startServer } from "../../index.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

// Fields can expire since Redis 7.4. The installed redis-server is older, so it cannot be compared.

let running: RunningServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startServer({ port: 0, memory: true, "enable-debug-command": "yes" });
  connection = await RespConnection.open(running.port, "MyRedis");
});
afterAll(async () => {
  connection.close();
  await running.close();
});

const sha1 = (piece: Uint8Array | string): Uint8Array => createHash("sha1").update(piece).digest();
const xor = (one: Uint8Array, other: Uint8Array): Uint8Array => one.map((byte, at) => byte ^ (other[at] as number));

async function digestOf(key: string): Promise<string> {
  const [digest] = (await connection.reply("DEBUG", "DIGEST-VALUE", key)).items ?? [];
  return digest?.text ?? "";
}

test("DEBUG DIGEST-VALUE depends on whether a field expires, but not on when", async () => {
  for (const [key, seconds] of [
    ["h", "100"],
    ["i", "2000"],
  ] as const) {
    await connection.replies([
      ["HSET", key, "f", "v"],
      ["HEXPIRE", key, seconds, "FIELDS", "1", "f"],
    ]);
  }
  // A field and its value, each mixed in, and the mark of an expiry. Then the type of hashes (4), mixed in, and the
  // field added.
  const pair = sha1(xor(sha1(sha1("f")), sha1("v")));
  const marked = xor(pair, sha1("!!hexpire!!"));
  const expected = Buffer.from(xor(sha1(sha1(Uint8Array.of(0, 0, 0, 4))), sha1(marked))).toString("hex");
  expect([await digestOf("h"), await digestOf("i")]).toEqual([expected, expected]);
  await connection.reply("HPERSIST", "h", "FIELDS", "1", "f");
  expect(await digestOf("h")).not.toBe(expected);
});
