import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { IdMap, IdPlace } from "../../../src/values/stream/id-map.ts";
import { StreamId } from "../../../src/values/stream/stream-id.ts";

const id = (time: number): StreamId => new StreamId().set(0, time, 0, time % 7);

/** An IdMap beside a plain sorted array of [id, payload]. */
class CheckedMap {
  /** Counts the memory of a map and of its copies while they are in use. */
  readonly account = { besideBytes: 0 };
  readonly map = new IdMap(1, this.account);
  readonly model: [number, number][] = [];
  readonly #place = new IdPlace();

  insert(time: number, payload: number): void {
    if (this.map.find(id(time), this.#place)) return;
    this.map.insert(id(time), this.#place);
    this.map.wordsOf(this.#place)[this.map.offsetOf(this.#place) + 4] = payload;
    this.model.push([time, payload]);
    this.model.sort((one, other) => one[0] - other[0]);
  }

  remove(time: number): void {
    const at = this.model.findIndex(([known]) => known === time);
    expect(this.map.find(id(time), this.#place)).toBe(at >= 0);
    if (at < 0) return;
    this.model.splice(at, 1);
    expect(this.map.remove(this.#place)).toBe(at < this.model.length);
    if (at < this.model.length) expect(this.#current()).toEqual(this.model[at] as [number, number]);
  }

  #current(): [number, number] {
    const words = this.map.wordsOf(this.#place);
    const at = this.map.offsetOf(this.#place);
    expect(words[at + 3]).toBe((words[at + 1] as number) % 7);
    return [words[at + 1] as number, words[at + 4] as number];
  }

  check(): void {
    expect(this.map.size).toBe(this.model.length);
    const forward: [number, number][] = [];
    for (let more = this.map.first(this.#place); more; more = this.map.next(this.#place)) forward.push(this.#current());
    expect(forward).toEqual(this.model);
    const backward: [number, number][] = [];
    for (let more = this.map.last(this.#place); more; more = this.map.previous(this.#place))
      backward.push(this.#current());
    expect(backward.reverse()).toEqual(this.model);
    // Five words for each entry, and less than that as spare room.
    expect(this.account.besideBytes).toBeGreaterThanOrEqual(this.model.length * 20);
    expect(this.account.besideBytes).toBe(this.map.memoryBytes);
    const copy = this.map.copy();
    expect(this.account.besideBytes).toBe(2 * this.map.memoryBytes);
    copy.dispose();
    expect(this.account.besideBytes).toBe(this.map.memoryBytes);
  }

  checkSeeks(time: number): void {
    const after = this.model.find(([known]) => known >= time);
    const before = this.model.findLast(([known]) => known <= time);
    expect(this.map.atLeast(id(time), this.#place)).toBe(after !== undefined);
    if (after !== undefined) expect(this.#current()).toEqual(after);
    expect(this.map.atMost(id(time), this.#place)).toBe(before !== undefined);
    if (before !== undefined) expect(this.#current()).toEqual(before);
  }
}

describe("a map of ids", () => {
  test("equals a sorted array after insertions and removals at any place", () => {
    const change = fc.record({
      remove: fc.boolean(),
      from: fc.nat(400),
      count: fc.integer({ min: 1, max: 200 }),
      step: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const checked = new CheckedMap();
        for (const { remove, from, count, step } of changes) {
          for (let number = 0; number < count; number++) {
            if (remove) checked.remove(from + number * step);
            else checked.insert(from + number * step, number);
          }
        }
        checked.check();
        for (let time = 0; time < 50; time++) checked.checkSeeks(time * 13);
      }),
      { numRuns: 60 },
    );
  });

  test("serves as a queue, and frees its memory", () => {
    const checked = new CheckedMap();
    for (let time = 0; time < 3000; time++) {
      checked.insert(time, time);
      if (time >= 300) checked.remove(time - 300);
    }
    checked.check();
    expect(checked.map.memoryBytes).toBeLessThan(6 * 128 * 20 + 1000);
    for (let time = 2700; time < 3000; time++) checked.remove(time);
    checked.check();
    expect(checked.map.memoryBytes).toBe(0);
  });

  test("joins chunks with few entries left", () => {
    const checked = new CheckedMap();
    for (let time = 0; time < 4096; time++) checked.insert(time, time);
    for (let time = 0; time < 4096; time++) if (time % 64 !== 0) checked.remove(time);
    checked.check();
    expect(checked.map.memoryBytes).toBeLessThan(6000);
  });

  test("copies without sharing", () => {
    const checked = new CheckedMap();
    for (let time = 0; time < 300; time++) checked.insert(time, time);
    const copy = checked.map.copy();
    for (let time = 0; time < 300; time++) checked.remove(time);
    expect(copy.size).toBe(300);
    expect(copy.find(id(299), new IdPlace())).toBe(true);
  });
});
