import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer, startServer } from "../../index.ts";
import { drawRepeatedly } from "../../src/commands/repeated-draws.ts";
import { ReplyWriter } from "../../src/protocol/reply-writer.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

// Such a request blocks redis-server until it is killed, so it cannot be compared.

let running: RunningServer;
let connection: RespConnection;

beforeAll(async () => {
  running = await startServer({ port: 0, memory: true });
  connection = await RespConnection.open(running.port, "MyRedis");
  const members = Array.from({ length: 600 }, (_, at) => `member:${at}`);
  await connection.replies([
    ["SADD", "small-set", "a", "b"],
    ["SADD", "large-set", ...members],
    ["HSET", "small-hash", "a", "1"],
    ["HSET", "large-hash", ...members.flatMap((name) => [name, "1"])],
    ["ZADD", "small-sorted", "1", "a"],
    ["ZADD", "large-sorted", ...members.flatMap((name) => ["1", name])],
  ]);
});
afterAll(async () => {
  connection.close();
  await running.close();
});

const tooMany = "-ERR value is out of range, at most 10000000 elements are drawn with repetition";

describe.each(["small", "large"])("drawing with repetition from a %s collection", (size) => {
  test.each(["-9223372036854775807", "-10000001"])("refuses a count of %s", async (count) => {
    for (const [name, type] of [
      ["SRANDMEMBER", "set"],
      ["HRANDFIELD", "hash"],
      ["ZRANDMEMBER", "sorted"],
    ] as const) {
      expect(showReply(await connection.reply(name, `${size}-${type}`, count))).toBe(tooMany);
      expect(showReply(await connection.reply(name, "none", count))).toBe("*[]");
    }
    expect(showReply(await connection.reply("PING"))).toBe("+PONG");
  });

  test("returns as many as requested", async () => {
    for (const [name, type] of [
      ["SRANDMEMBER", "set"],
      ["HRANDFIELD", "hash"],
      ["ZRANDMEMBER", "sorted"],
    ] as const) {
      const { items } = await connection.reply(name, `${size}-${type}`, "-2000");
      expect(items).toHaveLength(2000);
    }
  });
});

test("drawing ends when the reply grows too long", () => {
  const reply = new ReplyWriter();
  let drawn = 0;
  const draw = (): void => {
    drawn++;
    // Stands for writing an element of 64 MiB.
    reply.length += 64 * 1024 * 1024;
  };
  expect(() => drawRepeatedly(1000, reply, draw)).toThrow("the elements drawn take more than 536870912 bytes");
  expect(drawn).toBe(9);
});
