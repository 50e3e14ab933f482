import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { LockTable } from "../../../src/cluster/transaction/lock-table.ts";
import { LockedRequests, type LockWaitLimits } from "../../../src/cluster/transaction/locked-requests.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

const limits: LockWaitLimits = { maxWaiting: 3, maxWaitingBytes: 1000, maxWaitMs: 60_000 };
const held = Buffer.from("held");

let running: OpenServer;
let locks: LockTable;
let locked: LockedRequests;
let nowMs = 0;
const clients: RespConnection[] = [];

beforeEach(async () => {
  running = await startOpenServer({ port: 0, memory: true, environment: { monotonicMs: () => nowMs } });
  locks = new LockTable();
  locked = new LockedRequests(running.server, locks, limits);
  locks.take("t", [held]);
  locked.update();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running.close();
});

async function client(): Promise<RespConnection> {
  const connection = await RespConnection.open(running.port, "MyRedis");
  clients.push(connection);
  return connection;
}

function unlock(): void {
  locks.release("t", [held]);
  locked.releaseSoon();
}

/** A request of another client and its reply. After it, the server has seen all requests sent before. */
async function roundTrip(): Promise<void> {
  await (await client()).reply("PING");
}

describe("requests for keys that a transaction across nodes has locked", () => {
  test("wait until the transaction has ended, and then run in the order in which their client sent them", async () => {
    const waiting = await client();
    waiting.send(["SET", "free", "1"], ["SET", "held", "2"], ["INCR", "held"], ["GET", "free"]);
    expect((await waiting.next()).text).toBe("OK");
    const other = await client();
    expect((await other.reply("GET", "free")).text).toBe("1");
    expect(locked.count).toBe(1);
    unlock();
    expect([await waiting.next(), await waiting.next(), await waiting.next()].map(({ text }) => text)).toEqual([
      "OK",
      "3",
      "1",
    ]);
  });

  test("may be queued by MULTI, and EXEC waits", async () => {
    const waiting = await client();
    const queued = await waiting.replies([["MULTI"], ["SET", "held", "1"], ["GET", "held"]]);
    expect(queued.map(({ text }) => text)).toEqual(["OK", "QUEUED", "QUEUED"]);
    waiting.send(["EXEC"]);
    await roundTrip();
    expect(locked.count).toBe(1);
    unlock();
    expect((await waiting.next()).items?.map(({ text }) => text)).toEqual(["OK", "1"]);
  });

  test("make EXEC wait, too, when its client watches them: whether they change is decided already", async () => {
    locks.release("t", [held]);
    const watching = await client();
    await watching.replies([["WATCH", "held"], ["MULTI"], ["SET", "free", "1"]]);
    locks.take("t", [held]);
    locked.update();
    watching.send(["EXEC"]);
    await roundTrip();
    expect(locked.count).toBe(1);
    running.server.watched.keyChanged(0, "held");
    unlock();
    expect((await watching.next()).items).toBeNull();
    expect((await watching.reply("EXISTS", "free")).text).toBe("0");
  });

  test.each([
    ["MOVE", [["SELECT", "1"]], [["MOVE", "held", "0"]]],
    [
      "COPY",
      [
        ["SELECT", "1"],
        ["SET", "free", "1"],
      ],
      [["COPY", "free", "held", "DB", "0"]],
    ],
    ["SELECT in MULTI", [["SELECT", "1"], ["MULTI"], ["SELECT", "0"], ["GET", "held"]], [["EXEC"]]],
  ] as const)("wait in all databases, because %s reaches others than the client's", async (_, before, request) => {
    const other = await client();
    await other.replies(before);
    other.send(...request);
    await roundTrip();
    expect(locked.count).toBe(1);
    unlock();
    expect((await other.next()).sign).not.toBe("-");
  });

  test("are refused with TRYAGAIN when too many wait", async () => {
    for (let index = 0; index < limits.maxWaiting; index++) (await client()).send(["GET", "held"]);
    await roundTrip();
    const refused = await client();
    expect((await refused.reply("GET", "held")).text).toStartWith("TRYAGAIN");
    expect((await refused.reply("GET", "free")).text).toBeNull();
  });

  test("are refused with TRYAGAIN when they use too many bytes", async () => {
    const refused = await client();
    expect((await refused.reply("SET", "held", "x".repeat(2000))).text).toStartWith("TRYAGAIN");
  });

  test("are answered with CLUSTERDOWN when they have waited for too long", async () => {
    const waiting = await client();
    waiting.send(["GET", "held"], ["GET", "free"]);
    await roundTrip();
    locked.refuseOverdue();
    expect(locked.count).toBe(1);
    nowMs += limits.maxWaitMs + 1;
    locked.refuseOverdue();
    expect((await waiting.next()).text).toStartWith("CLUSTERDOWN");
    expect((await waiting.next()).text).toBeNull();
    expect(locked.count).toBe(0);
  });

  test("of clients that were blocked before wait, too, and are served afterwards", async () => {
    const blocked = await client();
    blocked.send(["BLMOVE", "source", "held", "LEFT", "RIGHT", "0"]);
    await roundTrip();
    const pusher = await client();
    await pusher.reply("RPUSH", "source", "a");
    expect((await pusher.reply("LLEN", "source")).text).toBe("1");
    unlock();
    expect((await blocked.next()).text).toBe("a");
    expect((await pusher.reply("LRANGE", "held", "0", "-1")).items?.length).toBe(1);
  });

  test("run although their client has closed its side, since it may still read, and leave nothing behind", async () => {
    const leaving = await client();
    leaving.send(["SET", "held", "1"]);
    await roundTrip();
    leaving.close();
    await roundTrip();
    unlock();
    expect((await (await client()).reply("EXISTS", "held")).text).toBe("1");
    expect(locked.count).toBe(0);
  });

  test("are refused in a script that did not declare the keys", async () => {
    const caller = await client();
    const reply = await caller.reply("EVAL", "return redis.call('GET', 'held')", "0");
    expect(reply.text).toContain("TRYAGAIN");
  });

  test("cost nothing when no key is locked: the check is removed", () => {
    const { checks } = running.server;
    const before = checks.count;
    unlock();
    expect(checks.count).toBe(before - 1);
  });
});
