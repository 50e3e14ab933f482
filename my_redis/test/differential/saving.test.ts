import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireService, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { recordExercised } from "./harness/exercised-commands.ts";
import { type Reply, showReply } from "./harness/reply.ts";
import { sides, type StartedPair, startPair } from "./harness/start-pair.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`with files, MyRedis answers as redis-server${redis.reason}`, () => {
  let pair: StartedPair;

  beforeAll(async () => {
    pair = await startPair({ myRedis: { memory: false, dir: temporaryFolder("saving") } });
  });
  afterAll(() => pair.close());

  async function onBoth(...command: string[]): Promise<Reply[]> {
    recordExercised(command);
    return Promise.all(sides.map((side) => pair.control[side].reply(...command)));
  }

  async function expectSameReplies(...commands: string[][]): Promise<void> {
    for (const command of commands) {
      const [mine, theirs] = (await onBoth(...command)).map(showReply);
      expect([command, mine]).toEqual([command, theirs]);
    }
  }

  /** Waits until INFO persistence of both servers contains this line. */
  const untilTold = (line: string): Promise<void> =>
    waitUntil(async () => (await onBoth("INFO", "persistence")).every(({ text }) => text?.includes(line) === true), {
      what: line,
      timeoutMs: 10_000,
    });

  test("to SAVE and LASTSAVE", async () => {
    await expectSameReplies(["SET", "k", "v"], ["SAVE"], ["SAVE", "x"], ["LASTSAVE", "x"]);
    await untilTold("rdb_changes_since_last_save:0");
    const [mine, theirs] = (await onBoth("LASTSAVE")).map(({ sign, text }) => ({ sign, seconds: Number(text) }));
    expect(mine?.sign).toBe(theirs?.sign as string);
    expect(Math.abs((mine?.seconds ?? 0) - (theirs?.seconds ?? 0))).toBeLessThan(10);
    await expectSameReplies(["MULTI"], ["SAVE"], ["EXEC"]);
  });

  test("to BGSAVE and BGREWRITEAOF", async () => {
    await expectSameReplies(["BGSAVE", "x"], ["BGSAVE", "SCHEDULE", "x"], ["BGSAVE"]);
    await untilTold("rdb_bgsave_in_progress:0");
    await expectSameReplies(["BGSAVE", "SCHEDULE"]);
    await untilTold("rdb_bgsave_in_progress:0");
    await expectSameReplies(["BGREWRITEAOF", "x"], ["BGREWRITEAOF"]);
    await untilTold("aof_rewrite_in_progress:0");
    await expectSameReplies(["EVAL", "return redis.pcall('BGSAVE')", "0"], ["EVAL", "return redis.pcall('SAVE')", "0"]);
  });
});
