import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { MessageFormatError } from "../../../src/cluster/message/byte-reader.ts";
import { RecordBook } from "../../../src/cluster/transaction/record-book.ts";
import {
  decodeAnswer,
  decodeEntry,
  decodeRequest,
  encodeAnswer,
  encodeEntry,
  encodeRequest,
} from "../../../src/cluster/transaction/transaction-codec.ts";
import type { TransactionAnswer, TransactionRequest } from "../../../src/cluster/transaction/transaction-message.ts";
import type { TransactionLogEntry } from "../../../src/cluster/transaction/transaction-record.ts";

const seed = propertySeed();
const id = fc.constantFrom("a-1", "b-2", "c-3");
const participants = fc.array(fc.constantFrom("one:1", "two:2", "three:3"), { maxLength: 3 });
const ballot = fc.nat(2 ** 40);
const outcome = fc.constantFrom("forward" as const, "back" as const);
const bytes = fc.uint8Array({ maxLength: 20 });
const expiryMs = fc.constantFrom(-1, 0, 4_102_444_800_000);
const kind = fc.constantFrom("set", "set-absent", "delete", "take", "put", "put-absent" as const);
const operations = fc.array(fc.record({ kind, key: bytes, value: bytes, expiryMs }), { maxLength: 4 });
const taken = fc.option(fc.record({ payload: bytes, expiryMs }), { nil: undefined });
const acceptance = fc.record({ ballot, outcome });
const typed = <Type extends string>(type: Type) => ({ type: fc.constant(type) });

const request: fc.Arbitrary<TransactionRequest> = fc.oneof(
  fc.record({ ...typed("prepare"), id, participants, database: fc.nat(15), operations }),
  fc.record({ ...typed("accept"), id, participants, ballot, outcome }),
  fc.record({ ...typed("promise"), id, participants, ballot }),
  fc.record({ ...typed("decide"), id, participants, outcome }),
  fc.record({ ...typed("forget"), ids: fc.array(id) }),
);
const answer: fc.Arbitrary<TransactionAnswer> = fc.oneof(
  fc.record({ ...typed("prepared"), count: fc.nat(100), taken }),
  fc.record(typed("busy")),
  fc.record({ ...typed("refused"), reason: fc.string() }),
  fc.record(typed("accepted")),
  fc.record({ ...typed("outbid"), ballot }),
  fc.record({
    ...typed("promised"),
    accepted: fc.option(acceptance, { nil: undefined }),
    outcome: fc.option(outcome, { nil: undefined }),
  }),
  fc.record(typed("done")),
);
const part = fc.record({ database: fc.nat(15), operations, count: fc.nat(9), bytes: fc.nat(1000) });
const entry: fc.Arbitrary<TransactionLogEntry> = fc.oneof(
  fc.record({ ...typed("prepared"), id, participants, part }),
  fc.record({ ...typed("promised"), id, participants, ballot }),
  fc.record({ ...typed("accepted"), id, participants, acceptance }),
  fc.record({ ...typed("finished"), id, outcome }),
  fc.record({ ...typed("forgotten"), ids: fc.array(id) }),
);

function roundTrip<Value>(
  values: fc.Arbitrary<Value>,
  encode: (value: Value) => Uint8Array,
  decode: (bytes: Uint8Array) => Value,
): void {
  const property = fc.property(values, fc.nat(), (value, cut) => {
    const encoded = new Uint8Array(encode(value));
    expect(decode(encoded)).toEqual(value);
    const shorter = encoded.subarray(0, cut % encoded.length);
    expect(() => decode(shorter)).toThrow(MessageFormatError);
  });
  fc.assert(property, { seed });
}

describe("messages about transactions", () => {
  test("requests are decoded as they were, and truncated ones are refused", () => {
    roundTrip(request, encodeRequest, decodeRequest);
  });

  test("answers are decoded as they were, and truncated ones are refused", () => {
    roundTrip(answer, encodeAnswer, decodeAnswer);
  });

  test("log entries are decoded as they were, and truncated ones are refused", () => {
    roundTrip(entry, encodeEntry, decodeEntry);
  });

  test("a message of random bytes is refused, and no memory is reserved for it", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 40 }), (random) => {
      for (const decode of [decodeRequest, decodeAnswer, decodeEntry]) {
        try {
          decode(random);
        } catch (error) {
          expect(error).toBeInstanceOf(MessageFormatError);
        }
      }
    });
    fc.assert(property, { seed });
  });
});

/** A node prepares a transaction only when no other transaction holds one of its keys. */
const mayBeLogged = ({ locks }: RecordBook, logged: TransactionLogEntry): boolean =>
  logged.type !== "prepared" ||
  logged.part.operations.every(({ key }) => (locks.holderOf(key) ?? logged.id) === logged.id);

describe("the book of transactions", () => {
  test("is the same after a log that was rewritten", () => {
    const property = fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const book = new RecordBook();
      for (const each of entries) if (mayBeLogged(book, each)) book.apply(each, 0);
      const again = new RecordBook();
      for (const each of book.snapshot()) again.apply(each, 0);
      expect(again.snapshot()).toEqual(book.snapshot());
      expect(again.locks.size).toBe(book.locks.size);
      expect(again.preparedBytes).toBe(book.preparedBytes);
    });
    fc.assert(property, { seed, numRuns: 500 });
  });
});
