import { describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { startServer } from "../../index.ts";
import { expectSame, type Step } from "./harness/index.ts";
import { encodeReply } from "./harness/reply.ts";
import { RespConnection } from "./harness/resp-connection.ts";
import { serverPair } from "./harness/servers.ts";
import type { Comparer } from "./harness/compare.ts";

const redis = requireService("redis");

/** The field names of a CLIENT LIST line, in order, without those that only one of the two versions has. */
function fieldNames(text: string): string[] {
  const versionOnly = new Set(["lib-name", "lib-ver"]);
  return text
    .trim()
    .split(" ")
    .map((field) => field.split("=")[0] as string)
    .filter((name) => !versionOnly.has(name));
}

const sameFields: Comparer = (ours, theirs) =>
  ours.sign === theirs.sign &&
  (ours.text ?? "").split("\n").length === (theirs.text ?? "").split("\n").length &&
  fieldNames(ours.text ?? "").join() === fieldNames(theirs.text ?? "").join();

/** Compares in CLIENT LIST only how many clients have each set of flags. */
const sameFlags: Comparer = (...replies) => {
  const [ours, theirs] = replies.map(({ text }) =>
    (text ?? "")
      .match(/ flags=\w+/g)
      ?.toSorted()
      .join(),
  );
  return ours !== undefined && ours === theirs;
};

/** Compares in INFO only the number of blocked clients. */
const sameBlockedClients: Comparer = (...replies) => {
  const [ours, theirs] = replies.map(({ text }) => /blocked_clients:\d+/.exec(text ?? "")?.[0]);
  return ours !== undefined && ours === theirs;
};

describe.skipIf(redis.missing)(`connection commands answer as redis-server does${redis.reason}`, () => {
  test("PING, ECHO, SELECT and QUIT", () =>
    expectSame([
      ["PING"],
      ["PING", "x"],
      ["PING", "x", "y"],
      ["ECHO", "x"],
      ["ECHO"],
      ["SELECT", "3"],
      ["SELECT", "-1"],
      ["SELECT", "16"],
      ["SELECT", "x"],
      ["SELECT", "0"],
      ["QUIT"],
    ]));

  test("HELLO refuses unknown versions and options", () =>
    expectSame([
      ["HELLO", "x"],
      ["HELLO", "1"],
      ["HELLO", "4"],
      ["HELLO", "3", "foo"],
      ["HELLO", "3", "AUTH"],
      ["HELLO", "3", "AUTH", "a", "b"],
      ["HELLO", "3", "SETNAME", "a b"],
      ["HELLO", "3", "SETNAME"],
    ]));

  test("AUTH in both forms, with and without a password", () =>
    expectSame(
      [
        ["AUTH", "x"],
        ["AUTH", "default", "x"],
        ["AUTH", "other", "x"],
        ["AUTH", "a", "b", "c"],
        ["AUTH"],
        { on: 1, command: ["CONFIG", "SET", "requirepass", "secret"] },
        ["PING"],
        { on: 2, command: ["PING"] },
        { on: 1, command: ["AUTH", "wrong"] },
        { on: 1, command: ["AUTH", "default", "wrong"] },
        { on: 1, command: ["AUTH", "secret"] },
        { on: 1, command: ["AUTH", "default", "secret"] },
        ["RESET"],
        ["PING"],
        ["GET", "k"],
        ["HELLO", "3"],
        ["HELLO", "3", "AUTH", "default", "wrong"],
        ["NOSUCH"],
        ["GET"],
        { on: 1, command: ["CONFIG", "SET", "requirepass", ""] },
        ["PING"],
      ],
      // The harness's own HELLO 3 would be refused, too, so this runs in RESP2 only.
      { protocols: [2] },
    ));

  test("CLIENT names, modes and numbers", () =>
    expectSame([
      ["CLIENT"],
      ["CLIENT", "NOSUCH"],
      ["CLIENT", "GETNAME"],
      ["CLIENT", "SETNAME", "me"],
      ["CLIENT", "GETNAME"],
      ["CLIENT", "SETNAME", "a b"],
      ["CLIENT", "SETNAME", ""],
      ["CLIENT", "GETNAME"],
      ["CLIENT", "ID", "x"],
      ["CLIENT", "NO-EVICT", "ON"],
      ["CLIENT", "NO-EVICT", "maybe"],
      ["CLIENT", "NO-EVICT", "OFF"],
      ["CLIENT", "GETREDIR"],
      ["CLIENT", "TRACKINGINFO"],
    ]));

  test("CLIENT LIST and INFO have the same fields", () =>
    expectSame([
      { command: ["CLIENT", "INFO"], compare: sameFields },
      {
        command: ["CLIENT", "LIST", "TYPE", "normal"],
        compare: (ours, theirs) =>
          fieldNames(ours.text?.split("\n")[0] ?? "").join() === fieldNames(theirs.text?.split("\n")[0] ?? "").join(),
      },
      ["CLIENT", "LIST", "TYPE", "replica"],
      ["CLIENT", "LIST", "TYPE", "pubsub"],
      ["CLIENT", "LIST", "TYPE", "foo"],
      ["CLIENT", "LIST", "TYPE"],
      ["CLIENT", "LIST", "foo"],
      ["CLIENT", "LIST", "ID"],
      ["CLIENT", "LIST", "ID", "x"],
      ["CLIENT", "LIST", "ID", "999999"],
    ]));

  test("CLIENT KILL refuses invalid arguments", () =>
    expectSame([
      ["CLIENT", "KILL"],
      ["CLIENT", "KILL", "1.1.1.1:1"],
      ["CLIENT", "KILL", "ID", "0"],
      ["CLIENT", "KILL", "ID", "x"],
      ["CLIENT", "KILL", "ID", "999999"],
      ["CLIENT", "KILL", "TYPE", "foo"],
      ["CLIENT", "KILL", "TYPE", "replica"],
      ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "maybe"],
      ["CLIENT", "KILL", "TYPE", "normal", "ID"],
      ["CLIENT", "KILL", "USER", "nobody"],
      ["CLIENT", "KILL", "foo", "bar"],
      ["CLIENT", "KILL", "ADDR", "1.1.1.1:1", "LADDR", "2.2.2.2:2"],
    ]));

  test("CLIENT REPLY silences replies, and SKIP the next one", () =>
    expectSame([
      {
        raw: "CLIENT REPLY OFF\r\nPING\r\nNOSUCH\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n",
        replies: 2,
      },
      { raw: "CLIENT REPLY SKIP\r\nPING skipped\r\nPING seen\r\n", replies: 1 },
      ["CLIENT", "REPLY", "foo"],
      ["CLIENT", "REPLY"],
    ]));

  test("CLIENT UNBLOCK refuses invalid arguments", () =>
    expectSame([
      ["CLIENT", "UNBLOCK"],
      ["CLIENT", "UNBLOCK", "x"],
      ["CLIENT", "UNBLOCK", "999999"],
      ["CLIENT", "UNBLOCK", "999999", "TIMEOUT"],
      ["CLIENT", "UNBLOCK", "999999", "ERROR"],
      ["CLIENT", "UNBLOCK", "999999", "foo"],
      ["CLIENT", "UNBLOCK", "999999", "TIMEOUT", "x"],
    ]));

  test("CLIENT PAUSE delays writes, also in transactions, until CLIENT UNPAUSE", () =>
    expectSame([
      ["SET", "k", "0"],
      { on: 1, command: ["MULTI"] },
      { on: 1, command: ["INCR", "k"] },
      ["CLIENT", "PAUSE", "60000", "WRITE"],
      ["GET", "k"],
      { on: 1, command: ["EXEC"], blocks: true },
      { on: 2, command: ["MULTI"] },
      { on: 2, command: ["GET", "k"] },
      { on: 2, command: ["EXEC"] },
      { on: 3, command: ["INCR", "k"], blocks: true },
      ["GET", "k"],
      ["CLIENT", "UNPAUSE"],
      { awaitReply: 1 },
      { awaitReply: 3 },
      ["GET", "k"],
      ["CLIENT", "PAUSE", "x"],
      ["CLIENT", "PAUSE", "-1"],
      ["CLIENT", "PAUSE", "1", "foo"],
      ["CLIENT", "PAUSE", "1", "ALL", "x"],
      ["CLIENT", "PAUSE"],
    ]));

  test("CLIENT PAUSE of writes also delays commands that may reach replicas, and scripts that may write", () =>
    expectSame([
      ["PFADD", "p", "a"],
      { on: 5, command: ["MULTI"] },
      { on: 5, command: ["PUBLISH", "c", "m"] },
      ["CLIENT", "PAUSE", "60000", "WRITE"],
      { on: 1, command: ["PFCOUNT", "p"], blocks: true },
      { on: 2, command: ["PUBLISH", "c", "m"], blocks: true },
      { on: 3, command: ["EVAL", "return 1", "0"], blocks: true },
      { on: 4, command: ["EVAL", "#!lua\nreturn 2", "0"], blocks: true },
      { on: 5, command: ["EXEC"], blocks: true },
      { command: ["INFO", "clients"], compare: sameBlockedClients },
      { command: ["CLIENT", "LIST"], compare: sameFlags },
      ["EVAL", "#!lua flags=no-writes\nreturn 3", "0"],
      ["EVAL_RO", "return redis.call('PFCOUNT', 'p')", "1", "p"],
      ["CLIENT", "UNPAUSE"],
      ...[1, 2, 3, 4, 5].map((awaitReply): Step => ({ awaitReply })),
      ["EVAL_RO", "return redis.pcall('PUBLISH', 'c', 'm')", "0"],
      ["EVAL", "return redis.call('PUBLISH', 'c', 'm')", "0"],
    ]));

  test("CLIENT PAUSE ends by itself, and the delayed requests are answered in order", () =>
    expectSame([
      { raw: "CLIENT PAUSE 50\r\nSET k 1\r\nGET k\r\nPING\r\n", replies: 4 },
      { on: 1, command: ["GET", "k"] },
    ]));
});

describe.skipIf(redis.missing)(`CLIENT KILL and CLIENT UNBLOCK${redis.reason}`, () => {
  test("CLIENT KILL closes others at once, and its own connection after the reply, as redis-server does", async () => {
    const { ports } = await serverPair();
    for (const [name, port] of Object.entries(ports)) {
      const [killer, victim, other] = await Promise.all([1, 2, 3].map(() => RespConnection.open(port, name)));
      const id = (await (victim as RespConnection).reply("CLIENT", "ID")).text as string;
      expect([name, (await (killer as RespConnection).reply("CLIENT", "KILL", "ID", id)).text]).toEqual([name, "1"]);
      expect((victim as RespConnection).next()).rejects.toThrow("closed the connection");
      const own = (await (killer as RespConnection).reply("CLIENT", "ID")).text as string;
      expect((await (killer as RespConnection).reply("CLIENT", "KILL", "ID", own, "SKIPME", "no")).text).toBe("1");
      expect((killer as RespConnection).next()).rejects.toThrow("closed the connection");
      expect((await (other as RespConnection).reply("PING")).text).toBe("PONG");
      (other as RespConnection).close();
    }
  });

  test("CLIENT UNBLOCK unblocks a client, with a nil or an error, as redis-server does", async () => {
    const { ports } = await serverPair();
    for (const [name, port] of Object.entries(ports)) {
      const [helper, waiting] = [await RespConnection.open(port, name), await RespConnection.open(port, name)];
      const id = (await waiting.reply("CLIENT", "ID")).text as string;
      for (const [how, answer] of [
        ["TIMEOUT", "*-1\r\n"],
        ["ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"],
      ] as const) {
        waiting.send(["XREAD", "BLOCK", "0", "STREAMS", "no-such-key", "$"]);
        const isWaiting = async (): Promise<boolean> =>
          (await helper.reply("CLIENT", "LIST", "ID", id)).text?.includes("flags=b") === true;
        await waitUntil(isWaiting, { what: "the client to wait", timeoutMs: 10_000 });
        expect([name, (await helper.reply("CLIENT", "UNBLOCK", id, how)).text]).toEqual([name, "1"]);
        expect([name, encodeReply(await waiting.next())]).toEqual([name, answer]);
        expect([name, (await helper.reply("CLIENT", "UNBLOCK", id, how)).text]).toEqual([name, "0"]);
      }
      for (const connection of [helper, waiting]) connection.close();
    }
  });
});

describe("unauthenticated clients", () => {
  test("may not send many or long arguments", async () => {
    const running = await startServer({ port: 0, memory: true, requirepass: "secret" });
    const long = await RespConnection.open(running.port, "MyRedis");
    long.sendRaw(Buffer.from("*1\r\n$16385\r\n"));
    expect((await long.next()).text).toBe("ERR Protocol error: unauthenticated bulk length");
    const many = await RespConnection.open(running.port, "MyRedis");
    many.sendRaw(Buffer.from("*11\r\n"));
    expect((await many.next()).text).toBe("ERR Protocol error: unauthenticated multibulk length");
    const known = await RespConnection.open(running.port, "MyRedis");
    await known.reply("AUTH", "secret");
    expect((await known.reply("ECHO", "x".repeat(20_000))).text).toHaveLength(20_000);
    known.close();
    await running.close();
  });
});
