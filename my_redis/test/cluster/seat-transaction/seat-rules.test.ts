import { expect, test } from "bun:test";
import { MovesWithoutLocks } from "../../../src/cluster/seat-transaction/moves-without-locks.ts";
import { SeatBook } from "../../../src/cluster/seat-transaction/seat-book.ts";
import { SeatCoordinator } from "../../../src/cluster/seat-transaction/seat-coordinator.ts";
import type { ParticipantHost, SeatAnswered, SeatHost } from "../../../src/cluster/seat-transaction/seat-host.ts";
import type { Participants, SeatAnswer, SeatRequest } from "../../../src/cluster/seat-transaction/seat-message.ts";
import { SeatParticipant } from "../../../src/cluster/seat-transaction/seat-participant.ts";
import { transactionLimits } from "../../../src/cluster/transaction/node-timing.ts";
import type { Operation } from "../../../src/cluster/transaction/transaction-message.ts";

const limits = transactionLimits(1000);
const setOf = (key: string): Operation => ({
  ...{ kind: "set", key: Buffer.from(key), value: Buffer.from("value"), expiryMs: -1 },
});

/** A host that keeps what is asked, in place of sending it. */
function hostWith(asked: { request: SeatRequest; answered: SeatAnswered }[]): SeatHost {
  return {
    ...{ monotonicMs: () => 0, random: () => 0.5, schedule: () => {} },
    ask: (request, answered) => asked.push({ request, answered }),
  };
}

test("a place that could not keep what it prepared is told that the write was given up", () => {
  const asked: { request: SeatRequest; answered: SeatAnswered }[] = [];
  const coordinator = new SeatCoordinator(
    { ...hostWith(asked), seatOf: (key) => `place of ${Buffer.from(key).toString()}` },
    limits,
    "node",
  );
  coordinator.begin({ database: 0, first: [setOf("one"), setOf("two")] }, () => {});
  const [one, two] = asked.splice(0);
  one?.answered({ type: "prepared", count: 0, taken: undefined });
  two?.answered({ type: "elsewhere" });
  expect(asked.map(({ request }) => `${request.type} ${request.seat}`)).toEqual([
    "end place of one",
    "end place of two",
  ]);
});

/** A primary of the place "other". */
function participantOf(
  book: SeatBook,
  asked: { request: SeatRequest; answered: SeatAnswered }[],
  { monotonicMs = () => 0, known = ["home", "other"] }: { monotonicMs?: () => number; known?: readonly string[] } = {},
): SeatParticipant {
  const host: ParticipantHost = {
    ...{ ...hostWith(asked), monotonicMs },
    serving: { seat: "other", epoch: 1 },
    isInRing: (seat) => known.includes(seat),
    obstacleTo: () => undefined,
    examine: () => ({ refusal: undefined, count: 0, taken: undefined }),
    log: (entry) => book.apply(entry),
    logAndApply: (entry) => book.apply(entry),
    unlocked: () => {},
    whenKept: () => {},
  };
  return new SeatParticipant(host, limits, book);
}

const prepareOf = (id: string, participants: Participants): SeatRequest => ({
  ...{ type: "prepare", seat: "other", id, participants, database: 0 },
  operations: [setOf(id)],
});

test("nothing is prepared with a place that is not known: a home that is not in the ring later has left it", () => {
  const participant = participantOf(new SeatBook(), []);
  const prepare = (id: string, home: string): SeatAnswer => participant.handle(prepareOf(id, [home, "other"]));
  expect(prepare("one", "a place that has just joined").type).toBe("elsewhere");
  expect(prepare("two", "home").type).toBe("prepared");
});

test("many writes whose home nobody serves do not keep a primary from ending others", () => {
  let nowMs = 0;
  const book = new SeatBook();
  const asked: { request: SeatRequest; answered: SeatAnswered }[] = [];
  const participant = participantOf(book, asked, { monotonicMs: () => nowMs });
  for (let number = 0; number < 5000; number++) participant.handle(prepareOf(`away ${number}`, ["home", "other"]));
  // The coordinator of this one died.
  participant.handle(prepareOf("own", ["other", "home"]));
  for (let look = 0; look < 20; look++) {
    nowMs += limits.silenceMs / 10;
    participant.look();
  }
  expect(book.records.size).toBe(5000);
  expect(book.records.has("own")).toBe(false);
  expect(new Set(asked.map(({ request }) => "id" in request && request.id)).size).toBe(5000);
});

test("a slot goes only when all copies know that its lock has ended, also at a primary that takes over", () => {
  const book = new SeatBook();
  const waiting: ((isKept: boolean) => void)[] = [];
  let epoch = 1;
  const moves = new MovesWithoutLocks({ book, epoch: () => epoch, whenKept: (run) => waiting.push(run) });
  const move = { ...{ id: 7, attempt: 9, retries: 0, from: "source", to: "target" }, spans: [] };
  const mayGo = (): boolean => moves.has(move, { isGoing: () => true, isLast: false });
  const part = { ...{ database: 0, operations: [setOf("key")], count: 0, bytes: 1 } };
  const keptBy = (): void => waiting.splice(0).forEach((run) => run(true));
  book.apply({ type: "prepared", id: "one", participants: ["source", "other"], part });
  expect(mayGo()).toBe(false);
  keptBy();
  expect(mayGo()).toBe(false);
  book.apply({ type: "ended", id: "one", outcome: "back" });
  expect(mayGo()).toBe(false);
  keptBy();
  expect(mayGo()).toBe(true);
  // What a copy has may lack what this one has.
  epoch = 2;
  expect(mayGo()).toBe(false);
  keptBy();
  expect(mayGo()).toBe(true);
});
