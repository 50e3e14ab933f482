import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { requireService, startRedisServer, type Service } from "../../../tools/test-services/index.ts";
import { hashSlot } from "../../src/cluster/hash-slot.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const redis = requireService("redis");
const slotOf = (key: Uint8Array): number => hashSlot(key, 0, key.length);

describe("the hash slot of a key", () => {
  test("is that of Redis Cluster's specification", () => {
    // CRC16 of "123456789" is 0x31c3.
    expect(slotOf(Buffer.from("123456789"))).toBe(0x31c3);
    expect(slotOf(Buffer.from("{user1000}.following"))).toBe(slotOf(Buffer.from("{user1000}.followers")));
    expect(slotOf(Buffer.from("foo{}{bar}"))).not.toBe(slotOf(Buffer.from("bar")));
    expect(slotOf(Buffer.from("foo{{bar}}zap"))).toBe(slotOf(Buffer.from("{bar")));
    expect(slotOf(Buffer.from("foo{bar}{zap}"))).toBe(slotOf(Buffer.from("bar")));
  });

  test.skipIf(redis.missing)(`is the one of redis-server's CLUSTER KEYSLOT${redis.reason}`, async () => {
    const server: Service = await startRedisServer({ args: ["--cluster-enabled", "yes"] });
    const connection = await RespConnection.open(server.port, "redis-server");
    const key = fc
      .array(fc.constantFrom("a", "b", "{", "}", "é", "\u0000"), { maxLength: 12 })
      .map((parts) => Buffer.from(parts.join("")));
    const keys = fc.sample(fc.oneof(key, fc.uint8Array({ maxLength: 40 })), { numRuns: 2000, seed: propertySeed() });
    const replies = await connection.replies(keys.map((each) => ["CLUSTER", "KEYSLOT", each]));
    expect(keys.map(slotOf)).toEqual(replies.map(({ text }) => Number(text)));
    connection.close();
    await server.stop();
  });
});
