import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../tools/property-seed.ts";
import { FrameReader, lengthBytes, SendBuffer, writeUint32 } from "../index.ts";

const limits = { minBytes: 1, maxBytes: 1000 };

function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(lengthBytes + payload.length);
  writeUint32(bytes, 0, payload.length);
  bytes.set(payload, lengthBytes);
  return bytes;
}

/** A reader that puts a copy of each frame into `frames`. */
function collecting(frames: number[][], options = limits): FrameReader {
  return new FrameReader(options, (bytes, start, end) => {
    frames.push([...bytes.subarray(start, end)]);
    return true;
  });
}

describe("a frame reader", () => {
  test("returns the frames that were sent, however the stream is split and the socket drains", () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
      (payloads, cuts) => {
        const output = new SendBuffer({ initialBytes: 16, keptBytes: 64 });
        const seen: number[][] = [];
        const reader = collecting(seen);
        let turn = 0;
        const drain = (): void =>
          output.flush((bytes, start, end) => {
            const taken = Math.min(cuts[turn++ % cuts.length] as number, end - start);
            expect(reader.feed(bytes.slice(start, start + taken))).toBeUndefined();
            return taken;
          });
        for (const payload of payloads) {
          const bytes = frame(payload);
          const at = output.allocate(bytes.length);
          output.buffer.set(bytes, at);
          drain();
        }
        while (output.pendingBytes > 0) drain();
        expect(seen).toEqual(payloads.map((payload) => [...payload]));
        expect(reader.keptBytes).toBe(0);
      },
    );
    fc.assert(property, { seed: propertySeed(), numRuns: 300 });
  });

  test("refuses a length outside its limits before it reserves memory for the frame", () => {
    const tooLong = Uint8Array.of(0, 0, 3, 233);
    expect(collecting([]).feed(tooLong)).toEqual({ bytes: 1001, ...limits });
    expect(collecting([]).feed(new Uint8Array(4))).toEqual({ bytes: 0, ...limits });
    const inPieces = collecting([]);
    expect(inPieces.feed(tooLong.subarray(0, 2))).toBeUndefined();
    expect(inPieces.feed(tooLong.subarray(2))).toEqual({ bytes: 1001, ...limits });
    expect(inPieces.keptBytes).toBeLessThanOrEqual(lengthBytes);
  });

  test("allows longer frames from the call of allow on, also within a chunk", () => {
    const seen: number[] = [];
    const reader = new FrameReader({ minBytes: 1, maxBytes: 1 }, (_, start, end) => {
      seen.push(end - start);
      reader.allow(10);
      return true;
    });
    expect(reader.feed(Buffer.concat([frame(new Uint8Array(1)), frame(new Uint8Array(10))]))).toBeUndefined();
    expect(seen).toEqual([1, 10]);
    expect(reader.feed(frame(new Uint8Array(11)))).toMatchObject({ bytes: 11, maxBytes: 10 });
  });

  test("reads nothing behind the frame that stopped it, whether that frame arrived complete or in pieces", () => {
    const stream = Buffer.concat([frame(Uint8Array.of(1)), frame(Uint8Array.of(2)), frame(Uint8Array.of(3))]);
    for (const first of [stream.length, 7]) {
      const seen: number[] = [];
      const reader = new FrameReader(limits, (bytes, start) => seen.push(bytes[start] as number) < 2);
      reader.feed(stream.subarray(0, first));
      reader.feed(stream.subarray(first));
      expect(seen).toEqual([1, 2]);
    }
  });

  test("does not reserve the memory that a length announces", () => {
    const reader = new FrameReader({ minBytes: 1, maxBytes: 0xffff_ffff }, () => true);
    const before = process.memoryUsage().arrayBuffers;
    reader.feed(Uint8Array.of(255, 255, 255, 255, 1));
    reader.feed(Uint8Array.of(1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
