import { beforeEach, describe, expect, test } from "bun:test";
import type { Position } from "../../../src/cluster/agreement/ring-message.ts";
import { SeatGate } from "../../../src/cluster/failover/reply-gate.ts";

const patienceMs = 100;

let nowMs: number;
/** When the lease ends. */
let leaseUntilMs: number;
let position: Position | undefined;
/** Up to here the replicas have all. */
let acknowledged: number;
let gate: SeatGate;
/** What became of each turn, in the order in which it was decided. */
let log: string[];

beforeEach(() => {
  nowMs = 0;
  leaseUntilMs = 1000;
  position = { epoch: 1, offset: 0 };
  acknowledged = 0;
  log = [];
  gate = new SeatGate({
    monotonicMs: () => nowMs,
    position: () => position,
    mayAnswer: ({ epoch, offset }) => epoch === position?.epoch && nowMs < leaseUntilMs && offset <= acknowledged,
    patienceMs,
    hasLease: () => nowMs < leaseUntilMs,
  });
});

interface TurnOfTest {
  /** In which epoch its request has come that shows data; undefined for a turn that shows none. */
  readonly epoch?: number;
  readonly isBehind?: boolean;
  readonly bytes?: number;
}

/** Ends a turn. Returns what is to be called when its log is safe, or is not. */
function end(name: string, { epoch, isBehind = false, bytes = 0 }: TurnOfTest): (safe: boolean) => void {
  if (epoch !== undefined) gate.touch(epoch);
  return gate.pass((released) => log.push(`${name} ${released ? "released" : "dropped"}`), { bytes, isBehind });
}

/** A write, up to an offset, whose log is safe at once. */
function write(name: string, offset: number, bytes = 0): void {
  position = { epoch: 1, offset };
  end(name, { epoch: 1, bytes })(true);
}

describe("order", () => {
  test("replies wait for those of earlier turns to the same client", () => {
    write("write", 10);
    end("ping", { isBehind: true })(true);
    expect(log).toEqual([]);
    acknowledged = 10;
    gate.look();
    expect(log).toEqual(["write released", "ping released"]);
  });

  test("a turn keeps its place while it waits for its log", () => {
    position = { epoch: 1, offset: 10 };
    const written = end("write", { epoch: 1 });
    const pinged = end("ping", { isBehind: true });
    // The log tells both of them in one go, and the replicas are not so far.
    written(true);
    pinged(true);
    expect(log).toEqual([]);
    acknowledged = 10;
    gate.look();
    expect(log).toEqual(["write released", "ping released"]);
  });

  test("a turn whose log is not safe yet holds back what is behind it, and is dropped if it will not be safe", () => {
    const written = end("write", { epoch: 1 });
    end("ping", { isBehind: true })(true);
    gate.look();
    expect(log).toEqual([]);
    written(false);
    expect(log).toEqual(["write dropped", "ping released"]);
  });

  test("what shows no data does not wait for other clients", () => {
    write("write", 10);
    end("ping", {})(true);
    expect(log).toEqual(["ping released"]);
  });

  test("an answer in the middle of a turn waits as well, and does not end the turn", () => {
    position = { epoch: 1, offset: 10 };
    gate.touch(1);
    gate.pass((released) => log.push(`answer ${released}`), undefined)(true);
    end("turn", {})(true);
    expect(log).toEqual([]);
    acknowledged = 10;
    gate.look();
    expect(log).toEqual(["answer true", "turn released"]);
  });
});

describe("what nobody may see any more", () => {
  test("a turn that has shown data is dropped when the node is no primary at its end", () => {
    gate.touch(1);
    position = undefined;
    end("turn", {})(true);
    // The next turn is another one.
    end("next", {})(true);
    expect(log).toEqual(["turn dropped", "next released"]);
  });

  test("a request of an earlier epoch is not answered in a later one", () => {
    position = { epoch: 2, offset: 0 };
    end("late", { epoch: 1 })(true);
    end("present", { epoch: 2 })(true);
    expect(log).toEqual(["late dropped", "present released"]);
  });

  test("replies that wait are dropped when the epoch has ended", () => {
    write("write", 10);
    position = { epoch: 3, offset: 0 };
    gate.look();
    expect(log).toEqual(["write dropped"]);
  });

  test("a node that serves no place holds nothing back", () => {
    position = undefined;
    gate.touch(undefined);
    end("turn", {})(true);
    expect(log).toEqual(["turn released"]);
  });
});

test("replies without a lease are dropped when they have waited for too long", () => {
  nowMs = leaseUntilMs;
  write("write", 0);
  nowMs += patienceMs;
  gate.look();
  expect(log).toEqual([]);
  nowMs++;
  gate.look();
  expect(log).toEqual(["write dropped"]);
});

describe("limits", () => {
  test("the gate is full when more than 64 MiB wait, until they have been released", () => {
    write("first", 1, 64 * 1024 * 1024);
    expect(gate.isFull).toBe(false);
    write("second", 2, 1);
    expect(gate.isFull).toBe(true);
    acknowledged = 1;
    gate.look();
    expect(gate.isFull).toBe(false);
  });

  test("the gate is full when more than 100,000 turns wait", () => {
    for (let number = 1; number <= 100_000; number++) write("turn", number);
    expect(gate.isFull).toBe(false);
    write("turn", 100_001);
    expect(gate.isFull).toBe(true);
  });
});
