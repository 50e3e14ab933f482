import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../../src/memory/heap.ts";
import { ListChunks, type ListSegment } from "../../../src/values/list/list-chunks.ts";
import { ListLimits } from "../../../src/values/list/list-limits.ts";
import { ElementText, elementSize, PackedElement } from "../../../src/values/packed-element.ts";

const element = new PackedElement();
const text = new ElementText();

/** Chunks of a list beside a plain array with the same content. */
class CheckedChunks {
  readonly heap = new Heap();
  readonly chunks = new ListChunks(this.heap);
  readonly limits: ListLimits;
  readonly model: string[] = [];
  readonly #segment: ListSegment = { bytes: new Uint8Array(0), start: 0, end: 0, count: 0 };

  constructor(setting: number) {
    this.limits = new ListLimits(setting);
  }

  push(atHead: boolean, content: string): void {
    const bytes = Buffer.from(content, "latin1");
    element.setBytes(bytes, 0, bytes.length);
    if (atHead) this.chunks.pushHead(element, this.limits);
    else this.chunks.pushTail(element, this.limits);
    if (atHead) this.model.unshift(content);
    else this.model.push(content);
  }

  insert(index: number, content: string): void {
    const bytes = Buffer.from(content, "latin1");
    const { chunk, offset } = this.#place(index);
    this.chunks.insert(chunk, offset, element.setBytes(bytes, 0, bytes.length), this.limits);
    this.model.splice(index, 0, content);
  }

  remove(index: number): void {
    const { chunk, offset, size } = this.#place(index);
    this.chunks.remove(chunk, offset, size, 1);
    this.model.splice(index, 1);
  }

  #place(index: number): { chunk: number; offset: number; size: number } {
    let left = index;
    for (let chunk = 0; ; chunk++) {
      const segment = this.#segment;
      this.chunks.load(chunk, segment);
      if (left >= segment.count) {
        left -= segment.count;
        continue;
      }
      let at = segment.start;
      for (; left > 0; left--) at += elementSize(segment.bytes, at);
      return { chunk, offset: at - segment.start, size: elementSize(segment.bytes, at) };
    }
  }

  contents(chunks = this.chunks): string[] {
    const found: string[] = [];
    const segment = this.#segment;
    for (let chunk = 0; chunk < chunks.chunkCount; chunk++) {
      chunks.load(chunk, segment);
      const before = found.length;
      for (let at = segment.start; at < segment.end; at += elementSize(segment.bytes, at)) {
        found.push(text.read(segment.bytes, at).latin1());
      }
      expect(segment.count).toBe(found.length - before);
    }
    return found;
  }
}

const content = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map(String) },
  { weight: 3, arbitrary: fc.string({ maxLength: 30 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 9000 }).map((length) => "x".repeat(length)) },
);
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const step = fc.oneof(
  fc.record({ kind: fc.constant("head" as const), content }),
  fc.record({ kind: fc.constant("tail" as const), content }),
  fc.record({ kind: fc.constant("insert" as const), content, place }),
  fc.record({ kind: fc.constant("remove" as const), place }),
);

describe("the chunks of a list", () => {
  for (const setting of [4, 1, -1, -2]) {
    test(`hold the elements that were inserted, at any place, with a limit of ${setting}`, () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
          const list = new CheckedChunks(setting);
          for (const each of steps) {
            const { length } = list.model;
            if (each.kind === "head") list.push(true, each.content);
            else if (each.kind === "tail") list.push(false, each.content);
            else if (each.kind === "insert" && length > 0) list.insert(Math.floor(each.place * length), each.content);
            else if (each.kind === "remove" && length > 0) list.remove(Math.floor(each.place * length));
          }
          expect(list.chunks.size).toBe(list.model.length);
          expect(list.contents()).toEqual(list.model);
          const copy = list.chunks.copy();
          expect(list.contents(copy)).toEqual(list.model);
          while (!copy.release(1)) expect(copy.chunkCount).toBeGreaterThan(0);
          while (!list.chunks.release(1)) expect(list.chunks.chunkCount).toBeGreaterThan(0);
          expect(list.heap.usedBytes).toBe(0);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("an endless queue stays as small as its content", () => {
    const list = new CheckedChunks(-2);
    for (let number = 0; number < 50_000; number++) {
      list.push(false, `job:${number}`);
      if (list.model.length > 100) list.remove(0);
    }
    expect(list.contents()).toEqual(list.model);
    expect(list.chunks.chunkCount).toBeLessThan(3);
    expect(list.heap.usedBytes).toBeLessThan(32 * 1024);
  });
});
