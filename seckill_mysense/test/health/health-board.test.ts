import { expect, test } from "bun:test";
import { HealthBoard } from "../../src/health/health-board.ts";
import { createLogger } from "../../src/logging/logger.ts";

function watched() {
  const lines: Record<string, unknown>[] = [];
  let nowMs = Date.UTC(2030, 0, 1);
  const now = (): number => nowMs;
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const board = new HealthBoard({ logger: createLogger({ level: "info", write, now }), now });
  return { board, lines, pass: (ms: number) => (nowMs += ms) };
}

test("an outage is one line of the log when it begins and one with its length when it ends", () => {
  const { board, lines, pass } = watched();
  const queue = board.part("queue", { address: "mq:5672" });
  queue.ok();
  expect(lines).toEqual([]);
  for (const reason of ["connection refused", "connection refused", "timeout"]) {
    queue.down(reason);
    pass(1_000);
  }
  expect(board.parts).toEqual([
    { name: "queue", status: "down", since: "2030-01-01T00:00:00.000Z", reason: "timeout" },
  ]);
  queue.ok();
  queue.ok();
  expect(lines).toMatchObject([
    { level: "warn", message: "a part is down", part: "queue", address: "mq:5672", reason: "connection refused" },
    { level: "info", message: "a part is well again", part: "queue", address: "mq:5672", seconds: 3 },
  ]);
  expect(board.parts).toEqual([{ name: "queue", status: "ok", since: "2030-01-01T00:00:03.000Z" }]);
});

test("an outage that grows from degraded to down is logged at each step, and its length is that of both", () => {
  const { board, lines, pass } = watched();
  const relay = board.part("relay");
  relay.degraded("its outbox is 12 s old");
  pass(2_000);
  relay.down("no relay has been seen for 5 s");
  pass(3_000);
  relay.ok();
  expect(lines.map(({ message, seconds }) => [message, seconds])).toEqual([
    ["a part is degraded", undefined],
    ["a part is down", undefined],
    ["a part is well again", 5],
  ]);
});

test("a process is unready while an essential part is down, also before the part was reached for the first time", () => {
  const { board, lines } = watched();
  expect(board.readiness).toBe("ready");
  const ledger = board.part("ledger", { essential: true });
  expect(board.readiness).toBe("unready");
  ledger.ok();
  const relay = board.part("relay");
  expect(board.readiness).toBe("degraded");
  relay.ok();
  expect(board.readiness).toBe("ready");
  relay.down("gone");
  ledger.degraded("slow");
  expect(board.readiness).toBe("degraded");
  ledger.down("gone");
  expect(board.readiness).toBe("unready");
  expect(lines).toHaveLength(3);
});

test("a part has one state, wherever in the process it is asked for", () => {
  const { board } = watched();
  board.part("gate").ok();
  board.part("gate").down("gone");
  expect(board.parts).toHaveLength(1);
  expect(board.parts[0]).toMatchObject({ status: "down", reason: "gone" });
});
