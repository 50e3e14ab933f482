import { expect, test } from "bun:test";
import { createLogger, type LogLevel } from "../../src/logging/logger.ts";

function logTo(lines: string[], level: LogLevel) {
  return createLogger({ level, write: (line) => void lines.push(line), now: () => 1_700_000_000_000 });
}

test("an event is one line of JSON: time, level, message, then its fields", () => {
  const lines: string[] = [];
  logTo(lines, "info").warn("a reservation was rejected", { productId: "lamp", left: 0, again: false, why: undefined });
  expect(lines).toEqual([
    '{"time":"2023-11-14T22:13:20.000Z","level":"warn","message":"a reservation was rejected","productId":"lamp","left":0,"again":false}',
  ]);
});

test("whatever a field holds, the line stays one line", () => {
  const lines: string[] = [];
  const reason = 'first\nsecond "quoted" \u2028 \ud800';
  logTo(lines, "info").error("it failed\n", { reason });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("\n");
  expect(JSON.parse(lines[0]!)).toMatchObject({ message: "it failed\n", reason });
});

test("events below the level are not written", () => {
  const lines: string[] = [];
  const logger = logTo(lines, "warn");
  logger.debug("debug");
  logger.info("info");
  logger.warn("warn");
  logger.error("error");
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(["warn", "error"]);
});

test("a secret that was passed by mistake is not shown", () => {
  const lines: string[] = [];
  logTo(lines, "info").info("a mistake", { token: "v1.abc", password: "hunter2", api_secret: "s3cret", userId: "ada" });
  expect(lines[0]).not.toMatch(/v1\.abc|hunter2|s3cret/);
  expect(JSON.parse(lines[0]!)).toMatchObject({ token: "[Redacted]", userId: "ada" });
});
