import { expect, test } from "bun:test";
import { SeatCoordinator } from "../../../src/cluster/seat-transaction/seat-coordinator.ts";
import type { CoordinatorHost } from "../../../src/cluster/seat-transaction/seat-host.ts";
import { Coordinator, type TransactionResult } from "../../../src/cluster/transaction/coordinator.ts";
import { transactionLimits } from "../../../src/cluster/transaction/node-timing.ts";
import { Proposer } from "../../../src/cluster/transaction/proposer.ts";
import { RecordBook } from "../../../src/cluster/transaction/record-book.ts";
import type { TransactionHost } from "../../../src/cluster/transaction/transaction-host.ts";
import { TransactionMember } from "../../../src/cluster/transaction/transaction-member.ts";
import type { Operation, TakenValue, TransactionAnswer } from "../../../src/cluster/transaction/transaction-message.ts";

const limits = { ...transactionLimits(1000), maxPreparedBytes: 1_000_000 };
const members = ["one", "other"];
const operation = (kind: Operation["kind"], key: string, value: Uint8Array = Buffer.alloc(0)): Operation => ({
  ...{ kind, key: Buffer.from(key), value, expiryMs: -1 },
});
const taken: TakenValue = { payload: new Uint8Array(600_000), expiryMs: -1 };
const putOf = ({ payload }: TakenValue): Operation => operation("put", "target", payload);

/** A request in place of which nothing was sent, and what its answer goes to. */
interface Asked {
  readonly type: string;
  readonly answered: (answer: Extract<TransactionAnswer, { type: "prepared" | "busy" }>) => void;
}

/** What a coordinator asked of others, and the ends of its pauses. */
class Surroundings {
  asked: Asked[] = [];
  readonly pauses: (() => void)[] = [];
  readonly clock = {
    ...{ monotonicMs: () => 0, random: () => 0.5 },
    schedule: (delayMs: number, run: () => void): void => {
      if (delayMs < limits.phaseTimeoutMs) this.pauses.push(run);
    },
  };

  get types(): readonly string[] {
    return this.asked.map(({ type }) => type);
  }

  get host(): TransactionHost {
    return {
      ...{ ...this.clock, self: "one", members, isReachable: () => true },
      ask: (_member, { type }, answered) => this.asked.push({ type, answered }),
      ...{ log: () => {}, logAndApply: () => {}, unlocked: () => {} },
      examine: () => ({ refusal: undefined, count: 0, taken }),
    };
  }
}

type Rename = (done: (result: TransactionResult) => void) => void;

/** Each begins RENAMEs of a value with 600 KB. */
const coordinators: Record<string, (surroundings: Surroundings) => Rename> = {
  "of fixed members": ({ host }) => {
    const coordinator = new Coordinator(host, limits, new Proposer(host, limits), "node");
    const second = { participants: ["other"], share: (value: TakenValue) => new Map([["other", [putOf(value)]]]) };
    const first = new Map([["one", [operation("take", "source")]]]);
    return (done) => coordinator.begin({ database: 0, first, second }, done);
  },
  "of places": (surroundings) => {
    const host: CoordinatorHost = {
      ...surroundings.clock,
      ask: ({ type }, answered) => surroundings.asked.push({ type, answered }),
      seatOf: (key) => (Buffer.from(key).toString() === "source" ? "one" : "other"),
    };
    const first = [operation("take", "source")];
    const second = { key: Buffer.from("target"), operation: putOf };
    const coordinator = new SeatCoordinator(host, limits, "node");
    return (done) => coordinator.begin({ database: 0, first, second }, done);
  },
};

for (const [name, coordinatorOf] of Object.entries(coordinators)) {
  test(`a coordinator ${name} counts the value of a RENAME while it has it`, () => {
    const surroundings = new Surroundings();
    const rename = coordinatorOf(surroundings);
    const results: TransactionResult[] = [];
    rename((result) => results.push(result));
    rename((result) => results.push(result));
    const [first, second] = surroundings.asked.splice(0);
    first?.answered({ type: "prepared", count: 0, taken });
    expect(surroundings.types).toEqual(["prepare"]);
    const [put] = surroundings.asked.splice(0);
    // There is no room for a second one.
    second?.answered({ type: "prepared", count: 0, taken });
    expect(results).toEqual([{ type: "refused", reason: expect.stringMatching(/^TRYAGAIN More than/) }]);
    expect(surroundings.types).not.toContain("prepare");
    // The first one is tried anew after a pause, and has no value meanwhile.
    put?.answered({ type: "busy" });
    expect(surroundings.pauses.length).toBe(1);
    surroundings.asked = [];
    rename((result) => results.push(result));
    surroundings.asked.splice(0)[0]?.answered({ type: "prepared", count: 0, taken });
    expect(surroundings.types).toEqual(["prepare"]);
  });
}

test("a member of a ring with fixed members keeps no value that it has handed over", () => {
  const book = new RecordBook();
  const member = new TransactionMember(new Surroundings().host, limits, book);
  const operations = [operation("take", "source")];
  const answer = member.handle({ type: "prepare", id: "one", participants: members, database: 0, operations });
  expect(answer).toEqual({ type: "prepared", count: 0, taken });
  expect(JSON.stringify(book.snapshot()).length).toBeLessThan(10_000);
});
