import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Heap } from "../../../src/memory/heap.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";
import { Stream } from "../../../src/values/stream/stream.ts";
import { StreamCursor } from "../../../src/values/stream/stream-cursor.ts";
import { StreamId } from "../../../src/values/stream/stream-id.ts";
import { trimStream } from "../../../src/values/stream/trim.ts";

interface Entry {
  readonly time: number;
  readonly fields: readonly string[];
}

const idOf = (time: number): StreamId => new StreamId().set(Math.floor(time / 1000), time * 7, 0, time % 3);

/** A stream beside a plain array of its entries. */
class CheckedStream {
  readonly heap = new Heap();
  readonly stream = new Stream(this.heap);
  model: Entry[] = [];
  #next = 1;
  readonly #limits: { maxBytes: number; maxEntries: number };

  constructor(maxBytes: number, maxEntries: number) {
    this.#limits = { maxBytes, maxEntries };
  }

  add(step: number, fields: readonly string[]): void {
    this.#next += step;
    const source = Arguments.from([...fields]);
    this.stream.append(idOf(this.#next), source, 0, source.count, this.#limits);
    this.model.push({ time: this.#next, fields });
  }

  delete(index: number): void {
    const entry = this.model[index % Math.max(1, this.model.length)];
    expect(this.stream.delete(idOf(entry?.time ?? 0))).toBe(entry !== undefined);
    this.model = this.model.filter((each) => each !== entry);
  }

  trimToLength(maxLength: number): void {
    const removed = trimStream(this.stream, { maxLength, minId: new StreamId(), approximate: false, limit: 0 });
    expect(removed).toBe(Math.max(0, this.model.length - maxLength));
    this.model = this.model.slice(removed);
  }

  trimToId(index: number): void {
    const time = this.model[index % Math.max(1, this.model.length)]?.time ?? 0;
    trimStream(this.stream, { maxLength: undefined, minId: idOf(time), approximate: false, limit: 0 });
    this.model = this.model.filter((each) => each.time >= time);
  }

  /** Only whole blocks: at most the requested entries, and all blocks that may be removed. */
  trimApproximately(maxLength: number): void {
    const removed = trimStream(this.stream, { maxLength, minId: new StreamId(), approximate: true, limit: 0 });
    expect(removed).toBeLessThanOrEqual(Math.max(0, this.model.length - maxLength));
    this.model = this.model.slice(removed);
  }

  check(): void {
    const { stream, model } = this;
    expect(stream.length).toBe(model.length);
    expect(stream.firstId.toString()).toBe(model.length === 0 ? "0-0" : idOf((model[0] as Entry).time).toString());
    const [low, high] = [model.at(Math.floor(model.length / 4))?.time ?? 0, model.at(-2)?.time ?? 0];
    this.#checkRange(0, this.#next);
    this.#checkRange(low, high);
    this.#checkRange(low + 1, high - 1);
  }

  #checkRange(from: number, to: number): void {
    const wanted = this.model.filter(({ time }) => time >= from && time <= to);
    for (const backward of [false, true]) {
      const cursor = new StreamCursor();
      const found: [string, string[]][] = [];
      cursor.begin(this.stream.blocks, idOf(from), idOf(to), backward);
      while (cursor.next()) found.push([cursor.entry.id.toString(), fieldsOf(cursor)]);
      if (backward) found.reverse();
      expect(found).toEqual(wanted.map(({ time, fields }) => [idOf(time).toString(), [...fields]]));
    }
  }
}

function fieldsOf({ entry }: StreamCursor): string[] {
  const fields: string[] = [];
  entry.beginFields();
  while (entry.nextField()) fields.push(entry.field.latin1(), entry.value.latin1());
  return fields;
}

const value = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => Buffer.from(text).toString("latin1")),
  fc.integer().map(String),
  fc.constant("y".repeat(300)),
);
const fields = fc.oneof(
  value.map((content) => ["same", content, "fields", "1"]),
  fc
    .array(fc.tuple(fc.constantFrom("a", "b", "7"), value), { minLength: 1, maxLength: 3 })
    .map((pairs) => pairs.flat()),
);
const change = fc.record({
  kind: fc.constantFrom("add", "add", "add", "add", "delete", "delete", "length", "id", "approximate"),
  number: fc.nat(60),
  fields,
});

describe("a stream", () => {
  test.each([
    [4096, 100],
    [4096, 5],
    [200, 0],
    [0, 1],
  ])("with blocks of %d bytes and %d entries holds what an array would", (maxBytes, maxEntries) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120, size: "max" }), (changes) => {
        const checked = new CheckedStream(maxBytes, maxEntries);
        for (const { kind, number, fields: given } of changes) {
          if (kind === "add")
            checked.add(
              1 + number * number,
              given.map((text) => Buffer.from(text, "latin1").toString("latin1")),
            );
          else if (kind === "delete") checked.delete(number);
          else if (kind === "length") checked.trimToLength(number);
          else if (kind === "id") checked.trimToId(number);
          else checked.trimApproximately(number);
        }
        checked.check();
        while (!checked.stream.release(100));
        expect(checked.heap.usedBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("counts live and deleted entries beyond what one byte holds", () => {
    const checked = new CheckedStream(0, 0);
    for (let number = 0; number < 300; number++) checked.add(1, ["f", String(number)]);
    for (let number = 0; number < 290; number++) checked.delete(number % 2 === 0 ? 0 : 5);
    checked.check();
    expect(checked.stream.blocks.count).toBe(1);
  });

  test("copies without sharing", () => {
    const checked = new CheckedStream(4096, 10);
    for (let number = 0; number < 55; number++) checked.add(1, ["f", String(number)]);
    const copy = checked.stream.copy();
    checked.trimToLength(3);
    checked.check();
    expect(copy.length).toBe(55);
    expect(copy.has(idOf((checked.model[0] as Entry).time))).toBe(true);
  });

  test("frees its memory in steps", () => {
    const checked = new CheckedStream(4096, 100);
    for (let number = 0; number < 5000; number++) checked.add(1, ["f", String(number)]);
    let steps = 1;
    for (; !checked.stream.release(1000); steps++);
    expect(steps).toBeGreaterThan(4);
    expect(checked.heap.usedBytes).toBe(0);
  });
});
