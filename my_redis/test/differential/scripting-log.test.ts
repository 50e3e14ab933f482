import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSameLog, type Word } from "./harness/index.ts";

const redis = requireService("redis");
const evals = (...scripts: string[]): Word[][] => scripts.map((script) => ["EVAL", script, "0"]);
/** Long enough to exceed a time limit of a millisecond, so that the script continues in a later turn. */
const slow = "for i = 1, 2e6 do end";

describe.skipIf(redis.missing)(`the log of scripts equals redis-server's${redis.reason}`, () => {
  test("for their writes, as one unit", () =>
    expectSameLog([
      ...evals(
        "return redis.call('get', 'k')",
        "return redis.call('set', 'k', 1)",
        "redis.call('set', 'k', 2) return redis.call('incr', 'k')",
        "redis.call('set', 'e', 1, 'ex', 1000) redis.call('expire', 'e', 2000) redis.call('pexpire', 'k', 1000000)",
        "redis.call('set', 'a', 1) redis.call('nosuch')",
        "redis.call('incrbyfloat', 'f', 0.1) redis.call('append', 'f', ARGV[1] or 'x')",
        "redis.call('select', 3) redis.call('set', 'k', 1) redis.call('select', 4) redis.call('set', 'k', 2)",
        "return redis.pcall('incr', 'f')",
      ),
      ["SET", "k", "after"],
      ["MULTI"],
      ["SET", "m", "1"],
      ...evals("redis.call('set', 'm', 2) redis.call('set', 'n', 3)"),
      ["EXEC"],
    ]));

  test("for redis.set_repl", () =>
    expectSameLog([
      ...evals(
        "redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1)",
        "redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'b', 1)",
        "redis.set_repl(redis.REPL_AOF) redis.call('set', 'c', 1)",
        "redis.set_repl(redis.REPL_NONE) redis.call('set', 'd', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'e', 1)",
        "redis.call('set', 'f', 1)",
      ),
    ]));

  test("for scripts that exceed their time limit", () =>
    expectSameLog([
      ["CONFIG", "SET", "busy-reply-threshold", "1"],
      ["SELECT", "2"],
      ["SET", "k", "before"],
      ...evals(
        `redis.call('set', 'k', 1) ${slow} redis.call('set', 'k', 2) ${slow} return redis.call('get', 'k')`,
        `redis.call('set', 'k', 1) ${slow} redis.call('select', 5) ${slow} redis.call('set', 'k', 2) ${slow}`,
        `${slow} redis.call('set', 'k', 3) ${slow}`,
      ),
      ["SET", "k", "after"],
    ]));
});
