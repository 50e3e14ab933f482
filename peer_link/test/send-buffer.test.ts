import { describe, expect, test } from "bun:test";
import { SendBuffer } from "../index.ts";

const options = { initialBytes: 8, keptBytes: 16 };

function append(output: SendBuffer, ...bytes: number[]): void {
  const at = output.allocate(bytes.length);
  output.buffer.set(bytes, at);
}

function flushed(output: SendBuffer, most = Number.POSITIVE_INFINITY): number[] {
  const sent: number[] = [];
  output.flush((bytes, start, end) => {
    sent.push(...bytes.subarray(start, Math.min(end, start + most)));
    return sent.length;
  });
  return sent;
}

describe("a send buffer", () => {
  test("keeps the bytes that the socket did not take, in order, while more are appended", () => {
    const output = new SendBuffer(options);
    append(output, 1, 2, 3, 4, 5, 6, 7);
    expect(flushed(output, 5)).toEqual([1, 2, 3, 4, 5]);
    append(output, 8, 9);
    expect(output.pendingBytes).toBe(4);
    append(output, ...Array.from({ length: 20 }, (_, index) => 10 + index));
    expect(flushed(output)).toEqual(Array.from({ length: 24 }, (_, index) => 6 + index));
    expect(output.pendingBytes).toBe(0);
  });

  test("keeps everything when a closed socket returns a negative number", () => {
    const output = new SendBuffer(options);
    append(output, 1, 2);
    output.flush(() => -1);
    expect(flushed(output)).toEqual([1, 2]);
  });

  test("discards a grown buffer when it is empty", () => {
    const output = new SendBuffer(options);
    append(output, ...new Array<number>(100).fill(7));
    expect(output.buffer.length).toBeGreaterThanOrEqual(100);
    flushed(output);
    expect(output.buffer.length).toBe(8);
  });

  test("removes allocated bytes that were not needed", () => {
    const output = new SendBuffer(options);
    const at = output.allocate(6);
    output.buffer.set([1, 2], at);
    output.release(4);
    expect(flushed(output)).toEqual([1, 2]);
  });
});
