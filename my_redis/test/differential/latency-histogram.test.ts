import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { Comparer } from "./harness/compare.ts";
import { expectSame } from "./harness/index.ts";
import type { Reply } from "./harness/reply.ts";

const redis = requireService("redis");

/**
 * Command, number of calls, and whether times increase and the counts increase up to the number of calls. The times
 * themselves differ between servers.
 */
function summaryOf(reply: Reply): string[] {
  const { items = [] } = reply;
  const lines: string[] = [];
  for (let at = 0; at < (items?.length ?? 0); at += 2) {
    const [callsName, calls, levelsName, levels] = items?.[at + 1]?.items ?? [];
    const numbers = (levels?.items ?? []).map(({ text }) => Number(text));
    const rising = numbers.every((number, index) => index < 2 || number > (numbers[index - 2] as number));
    const signs = [reply, items?.[at + 1], levels].map((each) => each?.sign).join("");
    const names = `${items?.[at]?.text} ${callsName?.text} ${calls?.text} ${levelsName?.text}`;
    lines.push(`${signs} ${names} ${rising} ${numbers.at(-1) === Number(calls?.text)}`);
  }
  return lines.sort();
}

const sameCalls: Comparer = (ours, theirs) => summaryOf(ours).join("\n") === summaryOf(theirs).join("\n");

/** The names in INFO latencystats, and the percentiles of each. */
const sameStatistics: Comparer = (ours, theirs) => {
  const namesOf = ({ text }: Reply): string[] =>
    (text ?? "")
      .replaceAll(/=\d+\.\d{3}/g, "=<time>")
      .split("\r\n")
      .sort();
  return namesOf(ours).join() === namesOf(theirs).join();
};

describe.skipIf(redis.missing)(`durations of commands are reported as by redis-server${redis.reason}`, () => {
  test("LATENCY HISTOGRAM counts the calls of each command, and of each subcommand", () =>
    expectSame([
      ["CONFIG", "RESETSTAT"],
      ...Array.from({ length: 300 }, (_, at) => ["SET", `k${at}`, "v"]),
      ["GET", "k1"],
      ["INCR", "k1"],
      ["NOSUCH"],
      ["GET"],
      ["SORT", "none"],
      ["EVAL", "redis.call('get', 'k1') return redis.call('rpush', 'list', 'a')", "0"],
      ["MULTI"],
      ["LPUSH", "list", "b"],
      ["EXEC"],
      { command: ["LATENCY", "HISTOGRAM"], compare: sameCalls },
      { command: ["LATENCY", "HISTOGRAM", "set", "GET", "nosuch", "append"], compare: sameCalls },
      { command: ["LATENCY", "HISTOGRAM", "config"], compare: sameCalls },
      { command: ["LATENCY", "HISTOGRAM", "Config|ResetStat", "latency|histogram"], compare: sameCalls },
      { command: ["INFO", "latencystats"], compare: sameStatistics },
    ]));

  test("latency-tracking and its percentiles are followed", () =>
    expectSame([
      ["SET", "k", "v"],
      ["CONFIG", "SET", "latency-tracking", "no"],
      ["INFO", "latencystats"],
      ["CONFIG", "RESETSTAT"],
      ["SET", "k", "v"],
      ["LATENCY", "HISTOGRAM"],
      ["INFO", "latencystats"],
      ["CONFIG", "SET", "latency-tracking", "yes", "latency-tracking-info-percentiles", "0 33.3 100"],
      ["CONFIG", "RESETSTAT"],
      ["GET", "k"],
      { command: ["INFO", "latencystats"], compare: sameStatistics },
      ["CONFIG", "SET", "latency-tracking-info-percentiles", ""],
      ["CONFIG", "SET", "latency-tracking-info-percentiles", "50 99 99.9"],
    ]));
});
