import { expect, test } from "bun:test";
import { Arguments } from "../../../src/protocol/arguments.ts";
import { OpenWrites } from "../../../src/cluster/seat-transaction/open-writes.ts";
import { entriesOf, type SeatLogEntry } from "../../../src/cluster/seat-transaction/seat-book.ts";
import type { LogWord } from "../../../src/dispatch/log-target.ts";

const key = Buffer.from("key");
const operations = [{ kind: "set", key, value: Buffer.from([0, 255, 13, 10]), expiryMs: -1 }] as const;
const prepared = (id: string): SeatLogEntry => ({
  ...{ type: "prepared", id, participants: ["home", "other"] },
  part: { database: 3, operations, count: 0, bytes: 100 },
});

const argumentsOf = (words: readonly LogWord[]): Arguments =>
  Arguments.from(words.map((word) => (typeof word === "object" ? word : String(word))));

/** Writes that are open: one is prepared, one is decided, one was carried out here and is not forgotten. */
function openWrites(): { writes: OpenWrites; log: (readonly LogWord[])[] } {
  const writes = new OpenWrites();
  const participants = ["home", "other"] as const;
  const log = [
    prepared("one"),
    prepared("two"),
    { type: "decided", id: "two", participants } as const,
    prepared("three"),
    { type: "decided", id: "three", participants } as const,
    { type: "ended", id: "three", outcome: "forward" } as const,
    prepared("four"),
    { type: "ended", id: "four", outcome: "back" } as const,
    prepared("five"),
    { type: "decided", id: "five", participants } as const,
    { type: "ended", id: "five", outcome: "forward" } as const,
    { type: "forgotten", ids: ["five"] } as const,
  ].map((entry: SeatLogEntry) => writes.note(entry));
  return { writes, log };
}

const recordsOf = ({ book }: OpenWrites) => [...book.records.values()];

test("a log brings back the open writes of a place, also a rewritten one, and one that has entries twice", () => {
  const { writes, log } = openWrites();
  const known = recordsOf(writes);
  expect(known.map(({ id, isDecided, prepared: part }) => [id, isDecided, part !== undefined])).toEqual([
    ["one", false, true],
    ["two", true, true],
    ["three", true, false],
  ]);
  for (const words of [log, writes.carryOver(), [...log, ...writes.carryOver()]]) {
    const loaded = new OpenWrites();
    for (const each of words) loaded.load(argumentsOf(each));
    expect(recordsOf(loaded)).toEqual(known);
    expect(loaded.book.preparedBytes).toBe(200);
  }
});

test("a snapshot replaces the open writes, and the entries for the log say the same", () => {
  const { writes } = openWrites();
  const replica = new OpenWrites();
  const before = replica.note(prepared("of another history"));
  const entries = replica.replace(writes.text);
  expect(recordsOf(replica)).toEqual(recordsOf(writes));
  const loaded = new OpenWrites();
  for (const each of [before, ...entries]) loaded.load(argumentsOf(each));
  expect(recordsOf(loaded)).toEqual(recordsOf(writes));
  replica.replace(new OpenWrites().text);
  expect(recordsOf(replica)).toEqual([]);
  expect(replica.book.preparedBytes).toBe(0);
});

test("only a primary has locks, and those of all that is prepared in its data", () => {
  const { writes } = openWrites();
  const { book } = writes;
  expect(book.locks.size).toBe(0);
  book.takeLocks();
  expect(book.locks.holderOf(key)).toBe("one");
  book.apply({ type: "ended", id: "one", outcome: "back" });
  book.dropLocks();
  expect(book.locks.size).toBe(0);
  expect(entriesOf(book.records.values())).toHaveLength(3);
});

test("commands that are no entries are left alone", () => {
  const writes = new OpenWrites();
  for (const words of [["ECHO", "text"], ["SET", "my-redis-seat-write:", "x"], ["PING"]]) {
    expect(writes.take(argumentsOf(words))).toBeUndefined();
  }
});
