import { afterEach, expect, test } from "bun:test";
import { requireService } from "../index.ts";
import { requirements } from "../required-program.ts";

const before = { ...process.env };
const programsBefore = requirements.redis.programs;
const redis = requirements.redis as { programs: readonly string[] };
afterEach(() => {
  redis.programs = programsBefore;
  for (const name of ["CI", "TEST_REDIS_URL"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

function withoutRedis(environment: Record<string, string>): void {
  redis.programs = ["no-such-redis-server"];
  Object.assign(process.env, { CI: "", TEST_REDIS_URL: "", ...environment });
}

test("a missing service is skipped with a reason that says what to install", () => {
  withoutRedis({});
  expect(requireService("redis")).toEqual({
    missing: true,
    reason: " (skipped: no no-such-redis-server on PATH; install Debian's redis-server, or set TEST_REDIS_URL)",
  });
});

test("a missing service is an error with CI=true", () => {
  withoutRedis({ CI: "true" });
  expect(() => requireService("redis")).toThrow(/install Debian's redis-server/);
});

test("a service given by URL is not missing", () => {
  withoutRedis({ CI: "true", TEST_REDIS_URL: "redis://127.0.0.1:1" });
  expect(requireService("redis")).toEqual({ missing: false, reason: "" });
});
