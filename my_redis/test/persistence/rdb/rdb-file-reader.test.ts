import { expect, test } from "bun:test";
import { RdbFileReader } from "../../../src/persistence/rdb/rdb-file-reader.ts";

const fileBytes = 3_000_000;

/** A file whose bytes count up, and how many bytes of it were read. */
function countingFile() {
  const file = Uint8Array.from({ length: fileBytes }, (_, at) => at % 251);
  const state = { at: 0 };
  const read = (target: Uint8Array): number => {
    const bytes = file.subarray(state.at, state.at + target.length);
    target.set(bytes);
    state.at += bytes.length;
    return bytes.length;
  };
  return { file, read, state };
}

test("the first bytes of a file are read into its window, from which many keys can be read at once", () => {
  const { file, read } = countingFile();
  const reader = new RdbFileReader(read, fileBytes);
  const { bytes, start, end } = reader.raw(9);
  expect(bytes.subarray(start, end)).toEqual(file.subarray(0, 9));
  expect(reader.isInKernel).toBe(true);
  expect(reader.offset).toBe(9);
  expect(reader.left).toBe(fileBytes - 9);
});

test("a first part that is longer than the window is read as a whole, and what follows as well", () => {
  const { file, read } = countingFile();
  const reader = new RdbFileReader(read, fileBytes);
  const { bytes, start, end } = reader.raw(2_000_000);
  expect(Buffer.compare(bytes.subarray(start, end), file.subarray(0, 2_000_000))).toBe(0);
  reader.settle();
  expect(reader.isInKernel).toBe(true);
  const rest = reader.raw(1_000_000);
  expect(Buffer.compare(rest.bytes.subarray(rest.start, rest.end), file.subarray(2_000_000))).toBe(0);
});

test("a range that was given before the window is full of its followers keeps its content until settle", () => {
  const { file, read } = countingFile();
  const reader = new RdbFileReader(read, fileBytes);
  const first = reader.raw(600_000);
  const second = reader.raw(600_000);
  expect(Buffer.compare(first.bytes.subarray(first.start, first.end), file.subarray(0, 600_000))).toBe(0);
  expect(Buffer.compare(second.bytes.subarray(second.start, second.end), file.subarray(600_000, 1_200_000))).toBe(0);
});
