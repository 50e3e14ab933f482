import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

let ring: MemoryRing;
/** Of shards. */
const channel = "shard";
const clients: RespConnection[] = [];

beforeAll(async () => {
  ring = await startMemoryRing(3);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await ring.close();
});

async function client(node: number): Promise<RespConnection> {
  const connection = await ring.connect(node);
  clients.push(connection);
  return connection;
}

/** The texts of the next messages. */
async function messages(subscriber: RespConnection, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let index = 0; index < count; index++) texts.push((await subscriber.next()).items?.at(-1)?.text as string);
  return texts;
}

describe("messages in a ring", () => {
  test("reach each subscriber once and in order, wherever it and the publisher are connected", async () => {
    const subscribers = [await client(0), await client(1), await client(2)];
    for (const subscriber of subscribers) await subscriber.reply("SUBSCRIBE", "news");
    const publisher = await client(1);
    const sent = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const replies = await publisher.replies(sent.map((text) => ["PUBLISH", "news", text]));
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(["3"]));
    for (const subscriber of subscribers) {
      expect(await messages(subscriber, sent.length)).toEqual(sent);
      expect(subscriber.unread).toBe("");
      await subscriber.reply("UNSUBSCRIBE", "news");
    }
  });

  test("of transactions and scripts reach subscribers of all nodes", async () => {
    const subscribers = [await client(0), await client(1), await client(2)];
    for (const subscriber of subscribers) await subscriber.reply("PSUBSCRIBE", "e*");
    const publisher = await client(0);
    await publisher.replies([["MULTI"], ["PUBLISH", "events", "of a transaction"], ["EXEC"]]);
    await publisher.reply("EVAL", "return redis.call('PUBLISH', 'events', 'of a script')", "0");
    for (const subscriber of subscribers) {
      expect(await messages(subscriber, 2)).toEqual(["of a transaction", "of a script"]);
    }
  });

  test("have subscribers that PUBSUB counts across nodes, equal patterns once", async () => {
    const [one, other] = [await client(0), await client(2)];
    for (const subscriber of [one, other]) await subscriber.reply("SUBSCRIBE", "told");
    for (const subscriber of [one, other]) await subscriber.reply("PSUBSCRIBE", "told*");
    const asker = await client(1);
    expect((await asker.reply("PUBSUB", "NUMSUB", "told")).items?.[1]?.text).toBe("2");
    expect((await asker.reply("PUBSUB", "CHANNELS", "told")).items?.length).toBe(1);
    // One pattern of the test before is still subscribed.
    expect((await asker.reply("PUBSUB", "NUMPAT")).text).toBe("2");
  });

  for (const protocol of [2, 3]) {
    test(`of shard channels are for subscribers at the slot's owner: other nodes name it, and serve the client on (RESP${protocol})`, async () => {
      const { members } = ring.nodes[0]!.server.parts.cluster!;
      const owner = members.owners[hashSlot(Buffer.from(channel), 0, channel.length)] as number;
      const [asking, subscriber] = await Promise.all([client((owner + 1) % 3), client(owner)]);
      for (const each of [asking, subscriber]) await each.reply("HELLO", protocol);
      const moved = `MOVED ${hashSlot(Buffer.from(channel), 0, channel.length)} ${ring.names[owner]}`;
      expect((await asking.reply("SSUBSCRIBE", channel)).text).toBe(moved);
      await subscriber.reply("SSUBSCRIBE", channel);
      for (const message of ["one", "two"]) {
        expect((await asking.reply("SPUBLISH", channel, message)).text).toBe("1");
        expect((await subscriber.next()).items?.map(({ text }) => text)).toEqual(["smessage", channel, message]);
      }
      expect((await asking.reply("SET", channel, "value")).text).toBe("OK");
      expect((await subscriber.reply("SUNSUBSCRIBE", channel)).items?.[2]?.text).toBe("0");
    });
  }
});
