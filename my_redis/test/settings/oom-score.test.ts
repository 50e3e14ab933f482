import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  requireService,
  startProcess,
  startRedisServer,
  type StartedProcess,
  temporaryFolder,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { OomScore } from "../../src/oom-score.ts";
import { Settings } from "../../src/settings/settings.ts";
import { showReply } from "../differential/harness/reply.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const redis = requireService("redis");
const main = join(import.meta.dir, "../../main.ts");

describe.skipIf(redis.missing)(`oom-score-adj${redis.reason}`, () => {
  let ours: StartedProcess;
  const connections: RespConnection[] = [];
  let stopTheirs: () => Promise<unknown>;

  beforeAll(async () => {
    ours = await startProcess({
      cmd: [process.execPath, main, "--port", "0", "--loglevel", "notice"],
      readyWhen: /Ready to accept connections tcp 127\.0\.0\.1:(\d+)/,
    });
    const theirs = await startRedisServer();
    stopTheirs = () => theirs.stop();
    connections.push(await RespConnection.open(Number(ours.readyMatch?.[1]), "MyRedis"));
    connections.push(await RespConnection.open(theirs.port, "redis-server"));
  });
  afterAll(async () => {
    for (const each of connections) each.close();
    await ours.stop();
    await stopTheirs();
  });

  const scoreOf = async (connection: RespConnection): Promise<number> => {
    const { text = "" } = await connection.reply("INFO", "server");
    const pid = /process_id:(\d+)/.exec(text ?? "")?.[1];
    return Number(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1"));
  };

  test("gives the process the score that redis-server gives itself, and the old one back", async () => {
    const before = await Promise.all(connections.map(scoreOf));
    const steps: readonly (readonly string[])[] = [
      ["oom-score-adj", "absolute", "oom-score-adj-values", "50 200 800"],
      ["oom-score-adj-values", "60 210 800"],
      ["oom-score-adj", "relative"],
      ["oom-score-adj-values", "2000 210 800"],
      ["oom-score-adj", "no"],
    ];
    for (const step of steps) {
      const outcomes = await Promise.all(
        connections.map(async (each, index) => {
          const reply = showReply(await each.reply("CONFIG", "SET", ...step));
          return [reply, (await scoreOf(each)) - (step[1] === "no" ? (before[index] as number) : 0)];
        }),
      );
      expect([step, outcomes[0]]).toEqual([step, outcomes[1] as (string | number)[]]);
    }
    expect(await Promise.all(connections.map(scoreOf))).toEqual(before);
  });

  test("has another score for a replica", async () => {
    const set = ["CONFIG", "SET", "oom-score-adj", "absolute", "oom-score-adj-values", "50 200 800"];
    for (const each of connections) expect(showReply(await each.reply(...set))).toBe("+OK");
    for (const each of connections) await each.reply("REPLICAOF", "127.0.0.1", "1");
    for (const each of connections) {
      await waitUntil(async () => (await scoreOf(each)) === 200, { what: "the score of a replica", timeoutMs: 5000 });
      await each.reply("REPLICAOF", "NO", "ONE");
      await waitUntil(async () => (await scoreOf(each)) === 50, { what: "the score of a primary", timeoutMs: 5000 });
    }
  });
});

test("a score that the system refuses is reported, does not prevent a start, and is refused later", () => {
  const file = join(temporaryFolder("oom"), "score");
  const reports: string[] = [];
  const settings = new Settings({ "oom-score-adj": "absolute" });
  const parts = { settings, report: (_level: string, text: string) => void reports.push(text), isReplica: () => false };
  const score = new OomScore({ ...parts, file });
  expect(reports).toEqual(["Unable to write oom_score_adj: No such file or directory"]);
  const change = (): void => settings.change([{ name: "oom-score-adj-values", value: ["1", "2", "3"] }], () => {});
  expect(change).toThrow("Failed to apply new oom_score_adj configuration, check server logs.");
  writeFileSync(file, "7");
  change();
  expect(readFileSync(file, "latin1")).toBe("1");
  // The role is the same: nothing is written.
  writeFileSync(file, "7");
  score.tick();
  expect(readFileSync(file, "latin1")).toBe("7");
});
