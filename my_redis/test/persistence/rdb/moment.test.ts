import { expect, test } from "bun:test";
import { wholeRange } from "../../../src/memory/byte-range.ts";
import { RdbReader } from "../../../src/persistence/rdb/rdb-reader.ts";
import { RdbWriter } from "../../../src/persistence/rdb/rdb-writer.ts";

const momentOf = (bytes: Uint8Array): number => new RdbReader(wholeRange(bytes)).moment();

test.each([0, 1_700_000_000_123, 2 ** 53 - 1, 2 ** 60, 9_223_372_036_854_774_784])(
  "the expiry of a key at %d is read as it was written",
  (moment) => {
    const writer = new RdbWriter({ compresses: false });
    writer.milliseconds(moment);
    expect(momentOf(writer.written)).toBe(moment);
  },
);

test("an expiry that no double can hold becomes the nearest possible one", () => {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, 2n ** 63n - 1n, true);
  expect(momentOf(bytes)).toBe(9_223_372_036_854_774_784);
  view.setBigInt64(0, -5n, true);
  expect(momentOf(bytes)).toBe(0);
});
