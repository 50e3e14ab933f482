import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { ByteQueue } from "../../src/memory/byte-queue.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const pieces = fc.array(
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 120 }),
  {
    maxLength: 40,
  },
);

describe("a byte queue", () => {
  test("returns the appended bytes in order, however they are read", () => {
    const steps = fc.array(
      fc.oneof(
        pieces.map((texts) => texts.join("")),
        fc.integer({ min: 0, max: 300 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 64 }), (sequence, initialBytes) => {
        const queue = new ByteQueue({ initialBytes, keptBytes: 256 });
        let model = "";
        for (const step of sequence) {
          if (typeof step === "string") {
            queue.append(bytesOf(`<${step}>`), 1, step.length + 1);
            model += step;
          } else {
            const count = Math.min(step, queue.length);
            expect(textOf(queue.bytes.subarray(queue.start, queue.start + count))).toBe(model.slice(0, count));
            queue.take(count);
            model = model.slice(count);
          }
          expect(textOf(queue.bytes.subarray(queue.start, queue.end))).toBe(model);
        }
      }),
      { seed: propertySeed() },
    );
  });

  test("moves its content within its array while half of the array is enough", () => {
    const queue = new ByteQueue({ initialBytes: 100, keptBytes: 100 });
    const { bytes } = queue;
    queue.append(new Uint8Array(90), 0, 90);
    queue.take(85);
    queue.append(new Uint8Array(40), 0, 40);
    expect(queue.bytes).toBe(bytes);
    queue.append(new Uint8Array(60), 0, 60);
    expect(queue.bytes.length).toBe(200);
    expect(queue.length).toBe(105);
  });

  test("discards its array when it is empty, if it should keep none", () => {
    const queue = new ByteQueue({ initialBytes: 0, keptBytes: 0 });
    queue.append(bytesOf("abc"), 0, 3);
    queue.take(1);
    expect(queue.length).toBe(2);
    queue.take(2);
    expect(queue.bytes.length).toBe(0);
  });
});
