import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame, type Step } from "./harness/index.ts";

const redis = requireService("redis");
const on = (connection: number, ...command: string[]): Step => ({ on: connection, command });
const push = (connection: number): Step => ({ awaitReply: connection });
const track = (...options: string[]): Step => on(1, "CLIENT", "TRACKING", "ON", ...options);
const pushes = { protocols: [3] } as const;
/** A command whose reply shows that no push came before it. */
const nothingMore = (connection: number): Step => on(connection, "PING", "nothing more");

describe.skipIf(redis.missing)(`client-side caching is notified of changes as by redis-server${redis.reason}`, () => {
  test("of each key that was read, once, until it is read again", () =>
    expectSame(
      [
        ["MSET", "a", "1", "b", "2", "c", "3"],
        track(),
        on(1, "GET", "a"),
        on(1, "MGET", "b", "none"),
        ["SET", "a", "2"],
        push(1),
        ["SET", "a", "3"],
        ["SET", "c", "4"],
        ["DEL", "b"],
        push(1),
        ["SET", "none", "1"],
        push(1),
        nothingMore(1),
        on(1, "GET", "a"),
        ["APPEND", "a", "x"],
        push(1),
        nothingMore(1),
        on(1, "CLIENT", "TRACKING", "OFF"),
        on(1, "GET", "a"),
        ["SET", "a", "4"],
        nothingMore(1),
      ],
      pushes,
    ));

  test("of a client's own changes, after the reply, but not with NOLOOP", () =>
    expectSame(
      [
        track(),
        on(1, "GET", "a"),
        on(1, "SET", "a", "1"),
        push(1),
        on(1, "GET", "a"),
        on(1, "MULTI"),
        on(1, "SET", "a", "2"),
        on(1, "SET", "b", "2"),
        on(1, "EXEC"),
        push(1),
        on(1, "CLIENT", "TRACKING", "OFF"),
        track("NOLOOP"),
        on(1, "GET", "a"),
        on(1, "SET", "a", "3"),
        nothingMore(1),
        on(1, "GET", "a"),
        ["SET", "a", "4"],
        push(1),
      ],
      pushes,
    ));

  test("of keys in scripts and transactions, in any database, and of keys that expire", () =>
    expectSame(
      [
        ["SET", "x", "1"],
        ["SET", "ends", "1", "PX", "300"],
        track("NOLOOP"),
        on(1, "EVAL", "return redis.call('get', KEYS[1])", "1", "x"),
        ["SET", "x", "2"],
        push(1),
        on(1, "MULTI"),
        on(1, "GET", "x"),
        on(1, "EXEC"),
        ["SELECT", "3"],
        ["SET", "x", "other"],
        push(1),
        ["SELECT", "0"],
        on(1, "GET", "ends"),
        { waitMs: 400 },
        ["EXISTS", "ends"],
        push(1),
      ],
      pushes,
    ));

  test("of all keys in one message, when a database is flushed", () =>
    expectSame(
      [
        ["SET", "a", "1"],
        track(),
        on(1, "GET", "a"),
        ["FLUSHDB"],
        push(1),
        ["FLUSHALL"],
        push(1),
        on(1, "FLUSHALL"),
        push(1),
        ["SET", "a", "1"],
        nothingMore(1),
      ],
      pushes,
    ));

  test("of the keys that OPTIN and OPTOUT select before a command or a transaction", () =>
    expectSame(
      [
        ["MSET", "a", "1", "b", "2", "c", "3"],
        track("OPTIN"),
        on(1, "GET", "a"),
        on(1, "CLIENT", "CACHING", "YES"),
        on(1, "GET", "b"),
        on(1, "GET", "c"),
        ["MSET", "a", "2", "b", "3", "c", "4"],
        push(1),
        on(1, "CLIENT", "CACHING", "NO"),
        on(1, "CLIENT", "CACHING", "YES"),
        on(1, "MULTI"),
        on(1, "GET", "a"),
        on(1, "GET", "c"),
        on(1, "EXEC"),
        on(1, "GET", "b"),
        ["MSET", "a", "2", "b", "3", "c", "4"],
        push(1),
        push(1),
        on(1, "CLIENT", "TRACKING", "OFF"),
        track("OPTOUT"),
        on(1, "CLIENT", "CACHING", "YES"),
        on(1, "GET", "a"),
        on(1, "CLIENT", "CACHING", "NO"),
        on(1, "GET", "b"),
        ["MSET", "a", "2", "b", "3"],
        push(1),
        nothingMore(1),
      ],
      pushes,
    ));

  test("of all keys with a prefix, by BCAST", () =>
    expectSame(
      [
        track("BCAST", "PREFIX", "user:", "PREFIX", "item:", "NOLOOP"),
        ["SET", "other", "1"],
        ["MSET", "user:2", "1", "user:1", "1", "user:2", "3"],
        push(1),
        ["DEL", "user:1"],
        push(1),
        on(1, "SET", "user:3", "1"),
        nothingMore(1),
        on(1, "CLIENT", "TRACKING", "OFF"),
        track("BCAST"),
        ["SET", "anything", "1"],
        push(1),
        on(1, "SET", "own", "1"),
        push(1),
        ["FLUSHALL"],
        push(1),
      ],
      pushes,
    ));

  test("refuses contradictory options", () =>
    expectSame([
      on(1, "CLIENT", "TRACKING"),
      on(1, "CLIENT", "TRACKING", "maybe"),
      track("NOSUCH"),
      track("PREFIX"),
      track("PREFIX", "a"),
      track("BCAST", "OPTIN"),
      track("OPTIN", "OPTOUT"),
      track("BCAST", "PREFIX", "ab", "PREFIX", "a"),
      track("BCAST", "PREFIX", "a", "PREFIX", "b", "PREFIX", "ab"),
      track("REDIRECT", "987654321"),
      track("REDIRECT", "x"),
      on(1, "CLIENT", "CACHING", "YES"),
      track("BCAST", "PREFIX", "ab"),
      track("BCAST", "PREFIX", "a"),
      track("BCAST", "PREFIX", "cd"),
      track(),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "CLIENT", "TRACKING", "OFF"),
      track("OPTIN"),
      track("OPTOUT"),
      track("BCAST"),
      on(1, "CLIENT", "CACHING", "NO"),
      on(1, "CLIENT", "CACHING", "maybe"),
      on(1, "CLIENT", "TRACKING", "OFF", "NOSUCH"),
      on(1, "CLIENT", "TRACKING", "OFF"),
      on(1, "CLIENT", "TRACKING", "OFF"),
    ]));

  test("describes its settings", () =>
    expectSame([
      on(1, "CLIENT", "GETREDIR"),
      on(1, "CLIENT", "TRACKINGINFO"),
      track("OPTIN", "NOLOOP"),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "CLIENT", "CACHING", "YES"),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "PING"),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "CLIENT", "GETREDIR"),
      on(1, "CLIENT", "TRACKING", "OFF"),
      track("OPTOUT"),
      on(1, "CLIENT", "CACHING", "NO"),
      on(1, "CLIENT", "TRACKINGINFO"),
      on(1, "RESET"),
      on(1, "CLIENT", "TRACKINGINFO"),
      track("BCAST", "PREFIX", "z", "PREFIX", "a"),
      on(1, "CLIENT", "TRACKINGINFO"),
    ]));
});
