import { expect, test } from "bun:test";
import { UnwrittenBytes } from "../../src/persistence/aof/unwritten-bytes.ts";

/** Takes everything, `step` bytes of each chunk at a time. */
function taken(unwritten: UnwrittenBytes, step: number): { text: string; chunks: number } {
  let text = "";
  let chunks = 0;
  for (; !unwritten.isEmpty; chunks++) {
    const part = unwritten.first.subarray(0, step);
    text += Buffer.from(part).toString("latin1");
    unwritten.took(part.length);
  }
  return { text, chunks };
}

test("bytes that wait for the log keep their order, and small ones share large chunks", () => {
  for (const step of [Number.POSITIVE_INFINITY, 1000]) {
    const unwritten = new UnwrittenBytes();
    let expected = "";
    for (let number = 0; number < 10_000; number++) {
      const text = number % 2500 === 2499 ? "x".repeat(100_000) : `a small write ${number};`;
      expected += text;
      unwritten.append(Buffer.from(text, "latin1"));
    }
    expect(unwritten.bytes).toBe(expected.length);
    const { text, chunks } = taken(unwritten, step);
    expect(text === expected).toBe(true);
    if (step > expected.length) expect(chunks).toBeLessThan(20);
    expect(unwritten.bytes).toBe(0);
  }
});

test("what could not be written is not copied for the next try", () => {
  const unwritten = new UnwrittenBytes();
  unwritten.append(Buffer.from("first"));
  const { first } = unwritten;
  unwritten.append(Buffer.from("second"));
  unwritten.took(0);
  expect(unwritten.first.buffer).toBe(first.buffer);
  expect(taken(unwritten, 4).text).toBe("firstsecond");
});
