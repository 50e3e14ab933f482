import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../../tools/test-services/index.ts";
import { expectSame } from "../../differential/harness/expect-same.ts";
import type { Step } from "../../differential/harness/index.ts";
import { type RingPair, startRingPair } from "./ring-pair.ts";
import { tagOfEachNode } from "./tagged-steps.ts";

const redis = requireService("redis");
let started: RingPair | undefined;
const pair = async (): Promise<RingPair> => started as RingPair;

const on = (connection: number, ...command: string[]): Step => ({ on: connection, command });
const push = (connection: number): Step => ({ awaitReply: connection });
const track = (...options: string[]): Step => on(1, "CLIENT", "TRACKING", "ON", ...options);
/** A command whose reply shows that no push came before it. */
const nothingMore = (connection: number): Step => on(connection, "PING", "nothing more");

describe.skipIf(redis.missing)(`a client of one node is told of changes of all nodes' keys${redis.reason}`, () => {
  beforeAll(async () => {
    started = await startRingPair();
  }, 30_000);
  afterAll(() => started?.close());

  /** The steps with keys of each node in turn. */
  async function expectSameAtEach(steps: (tag: string, other: string) => readonly Step[]): Promise<void> {
    const tags = tagOfEachNode(started!.ring);
    for (const [at, tag] of tags.entries()) {
      const other = tags[(at + 1) % tags.length] as string;
      await expectSame(steps(`{${tag}}`, `{${other}}`), { protocols: [3], pair });
    }
  }

  test("of each key that was read, once, until it is read again", () =>
    expectSameAtEach((tag, other) => [
      ["MSET", `${tag}a`, "1", `${other}b`, "2", `${tag}c`, "3"],
      track(),
      on(1, "GET", `${tag}a`),
      on(1, "MGET", `${other}b`, `${tag}none`),
      on(1, "EXISTS", `${other}d`, `${tag}d`),
      ["SET", `${tag}a`, "2"],
      push(1),
      ["SET", `${tag}a`, "3"],
      ["SET", `${tag}c`, "4"],
      ["DEL", `${other}b`],
      push(1),
      ["SET", `${tag}none`, "1"],
      push(1),
      ["SET", `${other}d`, "1"],
      push(1),
      nothingMore(1),
      on(1, "GET", `${tag}a`),
      ["APPEND", `${tag}a`, "x"],
      push(1),
      nothingMore(1),
      on(1, "CLIENT", "TRACKING", "OFF"),
      on(1, "GET", `${tag}a`),
      ["SET", `${tag}a`, "4"],
      nothingMore(1),
    ]));

  test("of its own changes, after the reply, but not with NOLOOP", () =>
    expectSameAtEach((tag) => [
      track(),
      on(1, "GET", `${tag}a`),
      on(1, "SET", `${tag}a`, "1"),
      push(1),
      on(1, "GET", `${tag}a`),
      on(1, "MULTI"),
      on(1, "SET", `${tag}a`, "2"),
      on(1, "SET", `${tag}b`, "2"),
      on(1, "EXEC"),
      push(1),
      on(1, "CLIENT", "TRACKING", "OFF"),
      track("NOLOOP"),
      on(1, "GET", `${tag}a`),
      on(1, "SET", `${tag}a`, "3"),
      nothingMore(1),
      on(1, "GET", `${tag}a`),
      ["SET", `${tag}a`, "4"],
      push(1),
      on(1, "GET", `${tag}a`),
      track(),
      on(1, "SET", `${tag}a`, "5"),
      push(1),
    ]));

  test("also when the last client that the owner served has NOLOOP, and a write of several nodes changes the key", () =>
    expectSameAtEach((tag, other) => [
      track("NOLOOP"),
      on(1, "GET", `${tag}a`),
      ["MSET", `${tag}a`, "1", `${other}b`, "1"],
      push(1),
      on(1, "GET", `${tag}a`),
      ["UNLINK", `${tag}a`, `${other}b`],
      push(1),
      nothingMore(1),
    ]));

  test("in scripts and transactions, in any database, and of keys that expire", () =>
    expectSameAtEach((tag) => [
      ["SET", `${tag}x`, "1"],
      ["SET", `${tag}ends`, "1"],
      track("NOLOOP"),
      on(1, "EVAL", "return redis.call('get', KEYS[1])", "1", `${tag}x`),
      ["SET", `${tag}x`, "2"],
      push(1),
      on(1, "MULTI"),
      on(1, "GET", `${tag}x`),
      on(1, "EXEC"),
      ["SELECT", "3"],
      ["SET", `${tag}x`, "other"],
      push(1),
      ["SELECT", "0"],
      // It cannot expire before it is read.
      on(1, "MULTI"),
      on(1, "PEXPIRE", `${tag}ends`, "200"),
      on(1, "GET", `${tag}ends`),
      on(1, "EXEC"),
      { waitMs: 300 },
      ["EXISTS", `${tag}ends`],
      push(1),
    ]));

  test("of the keys that OPTIN and OPTOUT select before a command or a transaction", () =>
    expectSameAtEach((tag, other) => [
      ["MSET", `${tag}a`, "1", `${tag}b`, "2", `${tag}c`, "3"],
      track("OPTIN"),
      on(1, "GET", `${tag}a`),
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "GET", `${tag}b`),
      on(1, "GET", `${tag}c`),
      ["MSET", `${tag}a`, "2", `${tag}b`, "3", `${tag}c`, "4"],
      push(1),
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "MGET", `${tag}a`, `${other}a`),
      on(1, "MGET", `${tag}b`, `${other}b`),
      ["MSET", `${other}a`, "1"],
      push(1),
      ["MSET", `${tag}a`, "1"],
      push(1),
      ["MSET", `${tag}b`, "1", `${other}b`, "1"],
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "MULTI"),
      on(1, "GET", `${tag}a`),
      on(1, "GET", `${tag}c`),
      on(1, "EXEC"),
      on(1, "GET", `${tag}b`),
      ["MSET", `${tag}a`, "2", `${tag}b`, "3", `${tag}c`, "4"],
      push(1),
      push(1),
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "EVALSHA", "d3c21d0c2b9ca22f82737626a27bcaf5d288f99f", "1", `${tag}a`),
      on(1, "CLIENT", "TRACKING", "OFF"),
      track("OPTOUT"),
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "GET", `${tag}a`),
      on(1, "CLIENT", "CACHING", "NO"),
      on(1, "GET", `${tag}b`),
      ["MSET", `${tag}a`, "2", `${tag}b`, "3"],
      push(1),
      nothingMore(1),
    ]));

  test("of all keys with a prefix, by BCAST", () =>
    expectSameAtEach((tag) => [
      track("BCAST", "PREFIX", `${tag}user:`, "PREFIX", `${tag}item:`, "NOLOOP"),
      ["SET", `${tag}other`, "1"],
      ["MSET", `${tag}user:2`, "1", `${tag}user:1`, "1", `${tag}user:2`, "3"],
      push(1),
      ["DEL", `${tag}user:1`],
      push(1),
      on(1, "SET", `${tag}user:3`, "1"),
      nothingMore(1),
      track("BCAST", "PREFIX", `${tag}more:`),
      ["SET", `${tag}more:1`, "1"],
      push(1),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "CLIENT", "TRACKING", "OFF"),
      ["SET", `${tag}user:1`, "1"],
      nothingMore(1),
      track("BCAST"),
      ["SET", `${tag}anything`, "1"],
      push(1),
      on(1, "SET", `${tag}own`, "1"),
      push(1),
      on(1, "RESET"),
      ["SET", `${tag}anything`, "1"],
      nothingMore(1),
    ]));

  test("as a message of a subscription, by REDIRECT, in RESP2", async () => {
    const { ring } = started!;
    const [reader, listener, writer] = await Promise.all([ring.connect(0), ring.connect(0), ring.connect(1)]);
    await listener.reply("SUBSCRIBE", "__redis__:invalidate");
    const other = await ring.connect(0);
    const id = Number((await other.reply("CLIENT", "LIST", "TYPE", "pubsub")).text?.match(/id=(\d+)/)?.[1]);
    expect((await reader.reply("CLIENT", "TRACKING", "ON", "REDIRECT", id)).text).toBe("OK");
    for (const tag of tagOfEachNode(ring)) {
      await reader.reply("GET", `{${tag}}redirected`);
      await writer.reply("SET", `{${tag}}redirected`, "1");
      const message = await listener.next();
      expect(message.items?.map(({ text, items }) => text ?? items?.[0]?.text)).toEqual([
        ...["message", "__redis__:invalidate", `{${tag}}redirected`],
      ]);
    }
    listener.close();
    for (const connection of [reader, writer, other]) connection.close();
  });

  test("of the key that OPTIN selects, also when the owner holds the request and the next one comes meanwhile", async () => {
    const { ring } = started!;
    const tag = tagOfEachNode(ring)[1] as string;
    const [reader, owner] = await Promise.all([ring.connect(0), ring.connect(1)]);
    await reader.replies([
      ["HELLO", 3],
      ["CLIENT", "TRACKING", "ON", "OPTIN"],
    ]);
    await owner.reply("CLIENT", "PAUSE", 60_000, "ALL");
    reader.send(["CLIENT", "CACHING", "YES"], ["GET", `{${tag}}held`], ["GET", `{${tag}}next`]);
    expect((await reader.next()).text).toBe("OK");
    await waitUntil(async () => ring.nodes[1]!.server.clients.postponedCount === 1, {
      what: "a held request",
      timeoutMs: 10_000,
    });
    ring.nodes[1]!.server.pause.unpause("client pause");
    for (const _ of ["held", "next"]) expect((await reader.next()).sign).toBe("_");
    await owner.replies(["next", "held"].map((name) => ["SET", `{${tag}}${name}`, "1"]));
    expect((await reader.next()).items?.[1]?.items?.[0]?.text).toBe(`{${tag}}held`);
    for (const connection of [reader, owner]) connection.close();
  });
});
