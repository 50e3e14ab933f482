import { expect, test } from "bun:test";
import { DecisionLog } from "../../src/gateway/decision-log.ts";
import { type LogFields, silentLogger } from "../../src/logging/logger.ts";

const decision = {
  ...{ action: "login", reason: "name_failures", outcome: "required", level: 2 },
  ...{ subject: "ada", address: "203.0.113.7" },
};

function openLog(changes: { readonly share?: number; readonly random?: () => number } = {}) {
  const lines: LogFields[] = [];
  const clock = { nowMs: 0 };
  const log = new DecisionLog({
    logger: { ...silentLogger, info: (_, fields = {}) => void lines.push(fields) },
    ...{ share: 1, lines: { ratePerSecond: 2, burst: 2 }, random: () => 0.5, ...changes },
    pseudonymKey: new Uint8Array(32),
    elapsedMs: () => clock.nowMs,
  });
  return { log, lines, clock };
}

test("a line says what was decided and why, and names nobody; lines of one user can be put together", () => {
  const { log, lines } = openLog();
  log.write(decision);
  log.write({ ...decision, address: "203.0.113.8" });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ action: "login", reason: "name_failures", outcome: "required", level: 2 });
  expect(lines[0]!["subject"]).toBe(lines[1]!["subject"]);
  expect(lines[0]!["address"]).not.toBe(lines[1]!["address"]);
  expect(JSON.stringify(lines)).not.toMatch(/ada|203/);
});

test("the share that is configured is written", () => {
  let number = 0;
  const { log, lines, clock } = openLog({ share: 0.25, random: () => (number++ % 100) / 100 });
  for (let time = 0; time < 1_000; time++) {
    clock.nowMs += 1_000;
    log.write(decision);
  }
  expect(lines).toHaveLength(250);
});

test("more lines than a second may have are left out and counted", () => {
  const { log, lines, clock } = openLog();
  for (let time = 0; time < 100; time++) log.write(decision);
  expect(lines).toHaveLength(2);
  clock.nowMs += 1_000;
  log.write(decision);
  expect(log.counts.counts).toEqual({ written: 3, left_out: 98 });
});
