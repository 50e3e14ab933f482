import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitUntil } from "../../../../tools/test-services/index.ts";
import { closed } from "../../differential/harness/resp-connection.ts";
import { type MemoryRing, startMemoryRing } from "../memory-ring.ts";

/** Sessions of a client on other nodes, which the client itself does not see. */
describe.each(["bun", "node"] as const)("a client of one node, over %s sockets,", (transport) => {
  let ring: MemoryRing;
  beforeAll(async () => {
    ring = await startMemoryRing(3, { transport });
  });
  afterAll(() => ring.close());

  /** A key that the node owns. Nodes are numbered in the order of their sorted names. */
  const keyOf = (prefix: string, node: number): string => {
    const { view } = ring.nodes[0]!.server.parts.cluster!;
    const owner = view.names.indexOf(ring.names[node] as string);
    for (let number = 0; ; number++) {
      const key = `${prefix}:${number}`;
      if (view.ownerOfSlot(view.slotOfKey(Buffer.from(key), 0, key.length)) === owner) return key;
    }
  };
  const blockedAt = (node: number): number => ring.nodes[node]!.server.blocking.count;
  const untilBlocked = (node: number, count = 1): Promise<void> =>
    waitUntil(() => blockedAt(node) === count, {
      what: `${count} blocked at node ${node}`,
      timeoutMs: 5000,
      intervalMs: 2,
    });

  test("is told that WAIT and WAITAOF cannot count when other nodes have written for it: their replicas are not this node's", async () => {
    const client = await ring.connect(0);
    await client.reply("SET", keyOf("waited", 0), "value");
    expect((await client.reply("WAIT", 0, 0)).text).toBe("0");
    await client.reply("SET", keyOf("waited", 1), "value");
    const error =
      "ERR WAIT and WAITAOF count the replicas of one node, and other nodes have carried out requests of this connection. " +
      "Connect to the owner of the keys.";
    expect((await client.reply("WAIT", 0, 0)).text).toBe(error);
    expect((await client.reply("WAITAOF", 0, 0, 0)).text).toBe(error);
    // A transaction is carried out by one node as a whole, which has its replicas.
    const words = [["MULTI"], ["SET", keyOf("waited", 1), "value"], ["WAIT", 0, 0], ["EXEC"]];
    expect((await client.replies(words))[3]?.items?.map(({ text }) => text)).toEqual(["OK", "0"]);
    client.close();
  });

  test("that disconnects does not wait any more", async () => {
    const client = await ring.connect(0);
    client.send(["BLPOP", keyOf("list", 1), 0]);
    await untilBlocked(1);
    expect(ring.nodes[1]!.server.clients.sessionCount).toBeGreaterThan(0);
    client.close();
    await untilBlocked(1, 0);
    await waitUntil(() => ring.nodes[1]!.server.clients.sessionCount === 0, { what: "no session", timeoutMs: 5000 });
  });

  test("that closes its side and still reads gets the answers of all nodes", async () => {
    const client = await ring.connect(0);
    const keys = [keyOf("half", 0), keyOf("half", 1), keyOf("half", 2)] as const;
    const increments = Array.from({ length: 3000 }, (_, index) => ["INCR", keys[index % 3] as string]);
    const stream = keyOf("stream", 1);
    client.send(
      ...increments,
      ["MSET", ...keys.flatMap((key) => [key, "whole"])],
      ["MGET", ...keys],
      ["XADD", stream, "1-1", "field", "value"],
      ["XREAD", "STREAMS", stream, "0"],
    );
    client.hangUp();
    for (const [index] of increments.entries()) {
      expect((await client.next()).text).toBe(String(Math.floor(index / 3) + 1));
    }
    expect((await client.next()).text).toBe("OK");
    expect((await client.next()).items?.map(({ text }) => text)).toEqual(["whole", "whole", "whole"]);
    expect((await client.next()).text).toBe("1-1");
    expect((await client.next()).items?.[0]?.items?.[0]?.text).toBe(stream);
    expect(await client.nextOrClosed()).toBe(closed);
  });

  test("is told why its transaction was refused at another node: it has not seen what was said of its commands there", async () => {
    const [client, owner] = [await ring.connect(0), await ring.connect(1)];
    const key = keyOf("full", 1);
    await owner.reply("CONFIG", "SET", "maxmemory", "1");
    try {
      const replies = await client.replies([["MULTI"], ["SET", key, "value"], ["EXEC"]]);
      const oom = "OOM command not allowed when used memory > 'maxmemory'.";
      expect(replies.map(({ text }) => text)).toEqual([
        "OK",
        "QUEUED",
        `EXECABORT Transaction discarded because of: ${oom}`,
      ]);
    } finally {
      await owner.reply("CONFIG", "SET", "maxmemory", "0");
      for (const connection of [client, owner]) connection.close();
    }
  });

  test("that closes its side while another node's key is waited for gets the answers before it, and no element", async () => {
    const [client, other] = [await ring.connect(0), await ring.connect(0)];
    const key = keyOf("list", 1);
    client.send(["ECHO", "before"], ["GET", keyOf("none", 1)], ["BLPOP", key, 0], ["GET", keyOf("none", 1)]);
    client.hangUp();
    expect((await client.next()).text).toBe("before");
    // What the other node had answered comes, unless the end was read before.
    const last = await client.nextOrClosed();
    expect(last === closed || (await client.nextOrClosed()) === closed).toBe(true);
    await waitUntil(() => ring.nodes[1]!.server.clients.sessionCount === 0, { what: "no session", timeoutMs: 5000 });
    expect(
      (
        await other.replies([
          ["RPUSH", key, "value"],
          ["LLEN", key],
          ["DEL", key],
        ])
      ).map(({ text }) => text),
    ).toEqual(["1", "1", "1"]);
    other.close();
  });

  test("is unblocked by CLIENT UNBLOCK at the node that it is connected to", async () => {
    const [client, admin] = [await ring.connect(0), await ring.connect(0)];
    const id = (await client.reply("CLIENT", "ID")).text as string;
    client.send(["BLPOP", keyOf("list", 1), 0], ["PING"]);
    await untilBlocked(1);
    expect((await admin.reply("CLIENT", "UNBLOCK", id)).text).toBe("1");
    expect((await client.next()).items).toBeNull();
    expect((await client.next()).text).toBe("PONG");
    client.send(["BLPOP", keyOf("list", 1), 0]);
    await untilBlocked(1);
    expect((await admin.reply("CLIENT", "UNBLOCK", id, "ERROR")).text).toBe("1");
    expect((await client.next()).text).toStartWith("UNBLOCKED");
    expect((await admin.reply("CLIENT", "UNBLOCK", id)).text).toBe("0");
    for (const each of [client, admin]) each.close();
  });

  test("is disconnected by CLIENT KILL, and CLIENT PAUSE delays its requests to other nodes", async () => {
    const [client, admin, other] = [await ring.connect(0), await ring.connect(0), await ring.connect(1)];
    const key = keyOf("paused", 1);
    expect((await admin.reply("CLIENT", "PAUSE", 10_000, "WRITE")).text).toBe("OK");
    client.send(["SET", key, 1]);
    await waitUntil(() => ring.nodes[0]!.server.clients.postponedCount === 1, {
      what: "it to be held",
      timeoutMs: 5000,
    });
    expect((await other.reply("EXISTS", key)).text).toBe("0");
    expect((await admin.reply("CLIENT", "UNPAUSE")).text).toBe("OK");
    expect((await client.next()).text).toBe("OK");
    const id = (await client.reply("CLIENT", "ID")).text as string;
    client.send(["BLPOP", keyOf("list", 2), 0]);
    await untilBlocked(2);
    expect((await admin.reply("CLIENT", "KILL", "ID", id)).text).toBe("1");
    await untilBlocked(2, 0);
    for (const each of [client, admin, other]) each.close();
  });

  test("is not shown to the clients of the node that runs its requests", async () => {
    const [client, other] = [await ring.connect(0), await ring.connect(1)];
    expect((await client.reply("SET", keyOf("hidden", 1), 1)).text).toBe("OK");
    expect((await other.reply("CLIENT", "LIST")).text?.trim().split("\n")).toHaveLength(1);
    for (const each of [client, other]) each.close();
  });

  test("loads a script by EVAL at any node, and every node finds it by EVALSHA", async () => {
    const [client, second, third] = [await ring.connect(0), await ring.connect(1), await ring.connect(2)];
    const body = `return {KEYS[1], 'found by ${transport}'}`;
    const sha1 = new Bun.CryptoHasher("sha1").update(body).digest("hex");
    const keys = [keyOf("script", 0), keyOf("script", 1), keyOf("script", 2)] as const;
    expect((await client.reply("EVALSHA", sha1, 1, keys[1])).text).toStartWith("NOSCRIPT");
    expect((await client.reply("EVAL", body, 1, keys[1])).items?.[1]?.text).toBe(`found by ${transport}`);
    for (const connection of [client, second, third]) {
      for (const key of keys) {
        expect((await connection.reply("EVALSHA", sha1, 1, key)).items?.[0]?.text).toBe(key);
      }
    }
    await client.replies([["MULTI"], ["EVALSHA", sha1, 1, keys[2]]]);
    expect((await client.reply("EXEC")).items?.[0]?.items?.[0]?.text).toBe(keys[2]);
    for (const each of [client, second, third]) each.close();
  });

  test("gets the errors of Redis Cluster from scripts and transactions with keys of other nodes", async () => {
    const client = await ring.connect(0);
    const [own, foreign] = [keyOf("own", 0), keyOf("foreign", 1)];
    const script = "return redis.call('GET', ARGV[1])";
    expect((await client.reply("EVAL", script, 1, own, foreign)).text).toContain("non local key in a cluster node");
    expect((await client.reply("EVAL", script, 2, own, foreign, own)).text).toStartWith("CROSSSLOT");
    expect((await client.reply("LMOVE", own, foreign, "LEFT", "LEFT")).text).toStartWith("CROSSSLOT");
    const queued = await client.replies([["MULTI"], ["SET", own, 1], ["SET", foreign, 1], ["EXEC"]]);
    expect(queued.map(({ text }) => text?.slice(0, 9))).toEqual(["OK", "QUEUED", "QUEUED", "CROSSSLOT"]);
    expect((await client.reply("WATCH", own)).text).toBe("OK");
    expect((await client.reply("WATCH", foreign)).text).toStartWith("CROSSSLOT");
    await client.replies([["MULTI"], ["SET", foreign, 1]]);
    expect((await client.reply("EXEC")).text).toStartWith("CROSSSLOT");
    expect((await client.reply("EXISTS", foreign)).text).toBe("0");
    client.close();
  });

  test("writes a value of megabytes, and reads it back", async () => {
    const client = await ring.connect(0);
    const key = keyOf("large", 1);
    const value = Buffer.alloc(20_000_000, "large ");
    expect((await client.reply("SET", key, value)).text).toBe("OK");
    expect(Buffer.from((await client.reply("GET", key)).text as string, "latin1").equals(value)).toBe(true);
    client.close();
  });
});

test("a node without memory refuses writes of its own keys from every node, and no other writes", async () => {
  const ring = await startMemoryRing(2);
  const [first, second] = [await ring.connect(0), await ring.connect(1)];
  const { view } = ring.nodes[0]!.server.parts.cluster!;
  const keyOf = (node: number): string =>
    Array.from({ length: 100 }, (_, number) => `key:${number}`).find(
      (key) =>
        view.names[view.ownerOfSlot(view.slotOfKey(Buffer.from(key), 0, key.length))] === (ring.names[node] as string),
    ) as string;
  const [full, other] = [keyOf(0), keyOf(1)];
  await first.reply("SET", full, "x".repeat(1_000_000));
  await first.replies([
    ["CONFIG", "SET", "maxmemory-policy", "noeviction"],
    ["CONFIG", "SET", "maxmemory", "100kb"],
  ]);
  for (const connection of [first, second]) {
    expect((await connection.reply("SET", full, 1)).text).toStartWith("OOM");
    expect((await connection.reply("SET", other, 1)).text).toBe("OK");
    const transaction = await connection.replies([["MULTI"], ["INCR", other], ["EXEC"]]);
    expect(transaction.at(-1)?.items?.[0]?.text).toBe("2");
  }
  for (const connection of [first, second]) connection.close();
  await ring.close();
});

test("a slow script on this or another node is answered before the requests behind it", async () => {
  const ring = await startMemoryRing(2, { "busy-reply-threshold": 10 });
  const client = await ring.connect(0);
  const { view } = ring.nodes[0]!.server.parts.cluster!;
  const foreign = Array.from({ length: 100 }, (_, number) => `key:${number}`).find(
    (key) => view.names[view.ownerOfSlot(view.slotOfKey(Buffer.from(key), 0, key.length))] === ring.names[1],
  ) as string;
  const slow = "local sum = 0 for step = 1, 5000000 do sum = sum + step end return 'slow'";
  const here = await client.replies([["SET", foreign, 1], ["EVAL", slow, 0], ["PING"], ["GET", foreign]]);
  expect(here.map(({ text }) => text)).toEqual(["OK", "slow", "PONG", "1"]);
  const elsewhere = await client.replies([["EVAL", slow, 1, foreign], ["PING"], ["GET", foreign]]);
  expect(elsewhere.map(({ text }) => text)).toEqual(["slow", "PONG", "1"]);
  client.close();
  await ring.close();
});
