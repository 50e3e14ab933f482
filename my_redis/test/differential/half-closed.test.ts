import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { showReply } from "./harness/reply.ts";
import { closed, RespConnection, type Word } from "./harness/resp-connection.ts";
import { type Side, type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

/** Requests after which a client closes its side at once; their answers come all the same, as far as there are any. */
const requests: Readonly<Record<string, readonly (readonly Word[])[]>> = {
  "some requests": [["SET", "key", "value"], ["GET", "key"], ["PING"]],
  "many requests": Array.from({ length: 5000 }, () => ["INCR", "count"]),
  "an open transaction": [["MULTI"], ["SET", "key", "queued"]],
  "a transaction": [["MULTI"], ["SET", "key", "changed"], ["GET", "key"], ["EXEC"]],
  "a request that waits for a key": [
    ["ECHO", "before"],
    ["BLPOP", "list", 0],
    ["ECHO", "after"],
  ],
  "a request that finds its key": [
    ["RPUSH", "full", "a"],
    ["BLPOP", "full", 0],
    ["ECHO", "after"],
  ],
  "a wait with a timeout": [
    ["ECHO", "before"],
    ["BLPOP", "list", "0.05"],
    ["ECHO", "after"],
  ],
  subscriptions: [["SUBSCRIBE", "channel"], ["PING"]],
  MONITOR: [["ECHO", "before"], ["MONITOR"]],
  QUIT: [["ECHO", "before"], ["QUIT"], ["ECHO", "after"]],
  "a slow script": [
    ["EVAL", "for i = 1, 5e7 do end return redis.call('incr', 'runs')", 0],
    ["GET", "runs"],
  ],
};

describe.skipIf(redis.missing)(`a client that closes its side gets the answers of redis-server${redis.reason}`, () => {
  let pair: StartedPair;
  beforeAll(async () => {
    pair = await startPair({ flags: { "busy-reply-threshold": "20" } });
  });
  afterAll(() => pair.close());

  /** Sends the requests and the end; all that comes, up to the server's end. */
  async function askAndHangUp(port: number, side: Side, sent: readonly (readonly Word[])[]): Promise<string[]> {
    for (const command of sent) recordExercised(command);
    const connection = await RespConnection.open(port, side);
    connection.send(...sent);
    connection.hangUp();
    const shown: string[] = [];
    for (;;) {
      const reply = await connection.nextOrClosed();
      if (reply === closed) break;
      shown.push(showReply(reply));
    }
    connection.close();
    return shown;
  }

  for (const [name, sent] of Object.entries(requests)) {
    test(`after ${name}`, async () => {
      const [ours, theirs] = await pair.onBoth((port, side) => askAndHangUp(port, side, sent));
      expect(ours).toEqual(theirs);
      expect(ours.length).toBeGreaterThan(0);
    }, 20_000);
  }

  test("after a write that CLIENT PAUSE holds back: it is not run", async () => {
    const [ours, theirs] = await pair.onBoth(async (port, side) => {
      const control = pair.control[side];
      await control.reply("CLIENT", "PAUSE", 60_000, "WRITE");
      const answers = await askAndHangUp(port, side, [
        ["ECHO", "before"],
        ["SET", "paused", 1],
      ]);
      await control.reply("CLIENT", "UNPAUSE");
      return [...answers, showReply(await control.reply("GET", "paused"))];
    });
    expect(ours).toEqual(theirs);
  });

  test("and a client that waited for a key when it closed its side leaves the element to others", async () => {
    const [ours, theirs] = await pair.onBoth(async (port, side) => {
      const control = pair.control[side];
      const waiting = await RespConnection.open(port, side);
      waiting.send(["BLPOP", "wanted", 0]);
      const isBlocked = async (): Promise<boolean> =>
        (await control.reply("INFO", "clients")).text?.includes("blocked_clients:1") === true;
      await waitUntil(isBlocked, { what: "a client to be blocked", timeoutMs: 10_000 });
      waiting.hangUp();
      const end = showReply(await waiting.nextOrClosed());
      return [
        end,
        showReply(await control.reply("RPUSH", "wanted", "a")),
        showReply(await control.reply("LLEN", "wanted")),
      ];
    });
    expect(ours).toEqual(theirs);
  });
});
