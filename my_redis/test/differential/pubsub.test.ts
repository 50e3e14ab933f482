import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { anything, expectSame, sameElements, type Step, type Word } from "./harness/index.ts";
import { closed, RespConnection } from "./harness/resp-connection.ts";

const redis = requireService("redis");
const on = (connection: number, ...command: Word[]): Step => ({ on: connection, command });
/** Further replies of a command that has several, or messages. */
const replies = (connection: number, count: number): Step[] =>
  Array.from({ length: count }, () => ({ awaitReply: connection }));

describe.skipIf(redis.missing)(`publishing and subscribing answer as redis-server does${redis.reason}`, () => {
  test("messages go to the subscribers of the channel", () =>
    expectSame([
      ["PUBLISH", "c", "nobody listens"],
      on(1, "SUBSCRIBE", "c"),
      on(2, "SUBSCRIBE", "c", "d"),
      ...replies(2, 1),
      ["PUBLISH", "c", "first"],
      ...replies(1, 1),
      ...replies(2, 1),
      ["PUBLISH", "d", ""],
      ...replies(2, 1),
      ["PUBLISH", "e", "x"],
      on(1, "UNSUBSCRIBE", "c"),
      ["PUBLISH", "c", "\0\r\n\xff"],
      ...replies(2, 1),
    ]));

  test("patterns receive the messages of all channels that they match", () =>
    expectSame([
      on(1, "PSUBSCRIBE", "news.*", "*"),
      ...replies(1, 1),
      on(1, "SUBSCRIBE", "news.it"),
      on(2, "PSUBSCRIBE", "h[ae]llo?"),
      ["PUBLISH", "hello!", "a"],
      ...replies(1, 1),
      ...replies(2, 1),
      on(1, "PUNSUBSCRIBE", "*"),
      ["PUBLISH", "news.it", "b"],
      ...replies(1, 2),
      ["PUBLISH", "other", "c"],
      on(1, "PUNSUBSCRIBE", "news.*"),
      ["PUBLISH", "news.it", "d"],
      ...replies(1, 1),
    ]));

  test("subscriptions are counted, and ended one by one or all at once", () =>
    expectSame([
      on(1, "UNSUBSCRIBE"),
      on(1, "PUNSUBSCRIBE"),
      on(1, "SUNSUBSCRIBE"),
      on(1, "UNSUBSCRIBE", "a", "b"),
      ...replies(1, 1),
      on(1, "PUNSUBSCRIBE", "a"),
      on(1, "SUBSCRIBE", "a", "b", "a"),
      ...replies(1, 2),
      on(1, "PSUBSCRIBE", "a", "a"),
      ...replies(1, 1),
      on(1, "SSUBSCRIBE", "a"),
      on(1, "UNSUBSCRIBE", "none"),
      on(1, "UNSUBSCRIBE", "b"),
      on(1, "UNSUBSCRIBE"),
      on(1, "PUNSUBSCRIBE"),
      on(1, "SUNSUBSCRIBE", "none"),
      on(1, "SUNSUBSCRIBE"),
      on(1, "ECHO", "as before"),
      ...["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PUBLISH", "SPUBLISH"].map((name) => [name]),
      ["PUBLISH", "c"],
      ["PUBLISH", "c", "m", "x"],
    ]));

  test("shard channels are separate from other channels", () =>
    expectSame([
      on(1, "SSUBSCRIBE", "c", "d"),
      ...replies(1, 1),
      on(2, "PSUBSCRIBE", "*"),
      ["SPUBLISH", "c", "for the shard"],
      ...replies(1, 1),
      ["PUBLISH", "c", "for the others"],
      ...replies(2, 1),
      ["SPUBLISH", "none", "x"],
      { command: ["PUBSUB", "SHARDCHANNELS"], compare: sameElements },
      ["PUBSUB", "CHANNELS"],
      ["PUBSUB", "SHARDNUMSUB", "c", "none"],
    ]));

  test("PUBSUB lists and counts subscribers", () =>
    expectSame([
      ["PUBSUB", "CHANNELS"],
      ["PUBSUB", "NUMSUB"],
      ["PUBSUB", "NUMPAT"],
      on(1, "SUBSCRIBE", "a1", "a2", "b"),
      ...replies(1, 2),
      on(2, "SUBSCRIBE", "b"),
      on(2, "PSUBSCRIBE", "p*", "q"),
      ...replies(2, 1),
      on(3, "PSUBSCRIBE", "p*"),
      { command: ["PUBSUB", "CHANNELS"], compare: sameElements },
      { command: ["PUBSUB", "channels", "a*"], compare: sameElements },
      ["PUBSUB", "NUMSUB", "a1", "b", "none", "b"],
      ["PUBSUB", "NUMPAT"],
      ["PUBSUB", "SHARDCHANNELS", "x*"],
      ["PUBSUB", "SHARDNUMSUB"],
      ["PUBSUB", "CHANNELS", "a", "b"],
      ["PUBSUB", "SHARDCHANNELS", "a", "b"],
      ["PUBSUB", "NUMPAT", "x"],
      ["PUBSUB", "NOSUCH"],
      ["PUBSUB"],
      { command: ["PUBSUB", "HELP"], compare: anything },
    ]));

  test("in RESP2 a subscriber may run few commands, in RESP3 any", () =>
    expectSame(
      [
        on(1, "PING"),
        on(1, "SUBSCRIBE", "c"),
        on(1, "PING"),
        on(1, "PING", "x"),
        on(1, "PING", "x", "y"),
        on(1, "GET", "k"),
        on(1, "CONFIG", "GET", "port"),
        { on: 1, command: ["PUBLISH", "d", "x"] },
        on(1, "MULTI"),
        on(1, "NOSUCH"),
        on(1, "GET"),
        on(1, "UNSUBSCRIBE"),
        on(1, "GET", "k"),
        on(1, "PING"),
      ],
      { protocols: [2] },
    ));

  test("in RESP3 a subscriber may run any command", () =>
    expectSame(
      [
        on(1, "SUBSCRIBE", "c"),
        on(1, "PING"),
        on(1, "SET", "k", "v"),
        on(1, "MULTI"),
        on(1, "PUBLISH", "d", "to nobody"),
        on(1, "GET", "k"),
        on(1, "EXEC"),
        // Redis 7.0 sends the publisher's own message before the reply. Redis 7.2 and MyRedis send it after the reply.
        { on: 1, command: ["PUBLISH", "c", "to myself"], compare: anything },
        { awaitReply: 1, compare: anything },
      ],
      { protocols: [3] },
    ));

  test("RESET and the end of a connection end its subscriptions", () =>
    expectSame([
      on(1, "SUBSCRIBE", "a"),
      on(1, "PSUBSCRIBE", "b*"),
      on(1, "SSUBSCRIBE", "c"),
      on(1, "RESET"),
      on(1, "PING"),
      ["PUBLISH", "a", "x"],
      ["PUBSUB", "NUMPAT"],
      ["PUBSUB", "SHARDNUMSUB", "c"],
      on(2, "SUBSCRIBE", "a"),
      { raw: "QUIT\r\n", replies: 1, on: 2, closes: true },
      { waitMs: 20 },
      ["PUBLISH", "a", "x"],
    ]));

  test("subscribing in a transaction", () =>
    expectSame(
      [
        on(1, "MULTI"),
        on(1, "SUBSCRIBE", "c"),
        on(1, "GET", "k"),
        on(1, "EXEC"),
        ["PUBLISH", "c", "x"],
        ...replies(1, 1),
        on(1, "GET", "k"),
      ],
      { protocols: [2] },
    ));

  test("messages that a transaction publishes arrive in order, and after its own reply", () =>
    expectSame([
      on(1, "SUBSCRIBE", "c"),
      on(2, "PSUBSCRIBE", "*"),
      ["MULTI"],
      ["PUBLISH", "c", "1"],
      ["SET", "k", "v"],
      ["PUBLISH", "c", "2"],
      ["EXEC"],
      ...replies(1, 2),
      ...replies(2, 2),
    ]));

  test("a script publishes", () =>
    expectSame([
      on(1, "SUBSCRIBE", "c"),
      ["EVAL", "return redis.call('PUBLISH', KEYS[1], ARGV[1])", "1", "c", "x"],
      ...replies(1, 1),
      ["EVAL", "redis.call('PUBLISH', 'c', 'y'); return redis.error_reply('ERR failed')", "0"],
      ...replies(1, 1),
      ["EVAL", "return redis.pcall('SUBSCRIBE', 'c')", "0"],
    ]));

  test("CLIENT LIST and CLIENT KILL recognize subscribers", () =>
    expectSame([
      on(1, "SUBSCRIBE", "c"),
      ["CLIENT", "KILL", "TYPE", "pubsub"],
      { waitMs: 20 },
      ["PUBLISH", "c", "x"],
      ["CLIENT", "KILL", "TYPE", "pubsub"],
      ["CLIENT", "LIST", "TYPE", "pubsub"],
    ]));
});

describe("subscribers of MyRedis alone", () => {
  test("a subscriber that does not read is disconnected at the limit of its class; others are served", async () => {
    const server = await startServer({ port: 0, memory: true, environment: { report: () => {} } });
    const publisher = await RespConnection.open(server.port, "publisher");
    await publisher.reply("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0");
    const slow = Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        data(socket) {
          socket.pause();
        },
        open(socket) {
          socket.write("SUBSCRIBE c\r\n");
        },
      },
    });
    const socket = await slow;
    const reader = await RespConnection.open(server.port, "reader");
    await reader.reply("SUBSCRIBE", "d");
    while ((await publisher.reply("PUBSUB", "NUMSUB", "c")).items?.[1]?.text !== "1") await Bun.sleep(1);
    const message = "x".repeat(512 * 1024);
    let received = 1;
    for (let sent = 0; sent < 200 && received > 0; sent++) {
      received = Number((await publisher.reply("PUBLISH", "c", message)).text);
    }
    expect(received).toBe(0);
    expect((await publisher.reply("PUBLISH", "d", "still here")).text).toBe("1");
    expect((await reader.next()).items?.[2]?.text).toBe("still here");
    socket.terminate();
    reader.close();
    publisher.close();
    await server.close();
  });

  test("a script that publishes more than a subscriber may leave unread gets it disconnected, and memory stays bounded", async () => {
    const server = await startServer({ port: 0, memory: true, environment: { report: () => {} } });
    const publisher = await RespConnection.open(server.port, "publisher");
    const subscriber = await RespConnection.open(server.port, "subscriber");
    await publisher.reply("CONFIG", "SET", "client-output-buffer-limit", "pubsub 100kb 0 0");
    await subscriber.reply("SUBSCRIBE", "c");
    const script = "for i = 1, tonumber(ARGV[1]) do redis.call('PUBLISH', 'c', string.rep('x', 1000)) end";
    await publisher.reply("EVAL", script, "0", "50");
    for (let count = 0; count < 50; count++) expect((await subscriber.next()).items?.[2]?.text).toHaveLength(1000);
    await publisher.reply("EVAL", script, "0", "1000");
    expect(await subscriber.nextOrClosed()).toBe(closed);
    expect((await publisher.reply("PUBLISH", "c", "x")).text).toBe("0");
    publisher.close();
    await server.close();
  });

  test("a publisher's own message comes after the reply, as in Redis 7.2", async () => {
    const server = await startServer({ port: 0, memory: true });
    const connection = await RespConnection.open(server.port, "client");
    await connection.reply("HELLO", "3");
    await connection.reply("SUBSCRIBE", "c");
    expect((await connection.reply("PUBLISH", "c", "x")).text).toBe("1");
    expect((await connection.next()).items?.map(({ text }) => text)).toEqual(["message", "c", "x"]);
    await connection.replies([["MULTI"], ["PUBLISH", "c", "y"], ["PING"]]);
    expect((await connection.reply("EXEC")).items?.map(({ text }) => text)).toEqual(["1", "PONG"]);
    expect((await connection.next()).items?.map(({ text }) => text)).toEqual(["message", "c", "y"]);
    connection.close();
    await server.close();
  });

  test("a client with CLIENT REPLY OFF still gets messages, and delays none of others", async () => {
    const server = await startServer({ port: 0, memory: true });
    const open = (name: string): Promise<RespConnection> => RespConnection.open(server.port, name);
    const [silent, listener, waiting] = [await open("silent"), await open("listener"), await open("waiting")];
    await silent.reply("HELLO", "3");
    silent.send(["CLIENT", "REPLY", "OFF"], ["SET", "k", "v"], ["SUBSCRIBE", "c"]);
    expect((await silent.next()).items?.map(({ text }) => text)).toEqual(["subscribe", "c", "1"]);
    await listener.reply("PUBLISH", "c", "x");
    expect((await silent.next()).items?.map(({ text }) => text)).toEqual(["message", "c", "x"]);
    await listener.reply("SUBSCRIBE", "d");
    waiting.send(["BLPOP", "l", "0"]);
    while (!/blocked_clients:1/.test((await waitingInfo(server.port)) ?? "")) await Bun.sleep(1);
    silent.send(["PUBLISH", "d", "from the silent one"], ["RPUSH", "l", "a"], ["PING"]);
    expect((await listener.next()).items?.map(({ text }) => text)).toEqual(["message", "d", "from the silent one"]);
    expect((await waiting.next()).items?.map(({ text }) => text)).toEqual(["l", "a"]);
    for (const connection of [silent, listener, waiting]) connection.close();
    await server.close();
  });
});

async function waitingInfo(port: number): Promise<string | null | undefined> {
  const connection = await RespConnection.open(port, "observer");
  const { text } = await connection.reply("INFO", "clients");
  connection.close();
  return text;
}
