import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  ElementText,
  elementSize,
  highWord,
  integerAt,
  isInteger,
  lowWord,
  PackedElement,
  previousElement,
} from "../../src/values/packed-element.ts";
import * as list from "../../src/values/packed-list.ts";

const element = new PackedElement();
const text = new ElementText();
const bytesOf = (content: string): Buffer => Buffer.from(content, "latin1");

function pack(content: string): Uint8Array {
  const source = bytesOf(content);
  const target = new Uint8Array(element.setBytes(source, 0, source.length).size);
  expect(element.write(target, 0)).toBe(target.length);
  return target;
}

/** A packed list at an odd offset in a larger memory, beside a plain array with the same content. */
class CheckedList {
  readonly bytes = new Uint8Array(1 << 20).fill(0xee);
  readonly start = 13;
  end = this.start + list.listHeaderBytes;
  readonly model: string[] = [];

  constructor() {
    list.clearList(this.bytes, this.start);
  }

  insert(index: number, content: string): void {
    const at = index >= this.model.length ? this.end : list.elementPlace(this.bytes, this.start, this.end, index);
    const source = bytesOf(content);
    list.insertElement(this.bytes, this.start, this.end, at, element.setBytes(source, 0, source.length));
    this.end += element.size;
    this.model.splice(Math.min(index, this.model.length), 0, content);
  }

  replace(index: number, content: string): void {
    const at = list.elementPlace(this.bytes, this.start, this.end, index);
    const source = bytesOf(content);
    this.end = list.replaceElement(this.bytes, this.end, at, element.setBytes(source, 0, source.length));
    this.model[index] = content;
  }

  remove(index: number, count: number): void {
    const at = list.elementPlace(this.bytes, this.start, this.end, index);
    this.end = list.removeElements(this.bytes, this.start, this.end, at, count);
    this.model.splice(index, count);
  }

  check(): void {
    expect(list.listCount(this.bytes, this.start, this.end)).toBe(this.model.length);
    const forward: string[] = [];
    for (let at = list.firstElement(this.start); at < this.end; at += elementSize(this.bytes, at)) {
      forward.push(text.read(this.bytes, at).latin1());
    }
    expect(forward).toEqual(this.model);
    const backward: string[] = [];
    for (let at = this.end; at > list.firstElement(this.start);) {
      at = previousElement(this.bytes, at);
      backward.push(text.read(this.bytes, at).latin1());
    }
    expect(backward.reverse()).toEqual(this.model);
  }
}

const content = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.integer({ min: -5000, max: 5000 }).map(String),
  fc.constantFrom("", "0", "-0", "00", "+1", " 1", "1 ", "-", "127", "128", "-1", "4095", "4096", "-4096", "-4097"),
  fc.constantFrom("32767", "32768", "8388607", "8388608", "-8388609", "2147483647", "2147483648", "-2147483649"),
  fc.constantFrom("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 70 }),
  fc.constantFrom(62, 63, 64, 65, 126, 127, 128, 4094, 4095, 4096, 5000, 16400).map((length) => "x".repeat(length)),
);

describe("an element of a packed list", () => {
  test("takes one byte more than a short string and two more than a small number's byte", () => {
    expect([...pack("ab")]).toEqual([0x82, 97, 98, 3]);
    expect([...pack("7")]).toEqual([7, 1]);
    expect([...pack("-1")]).toEqual([0xdf, 0xff, 2]);
    expect([...pack("4096")]).toEqual([0xf1, 0x00, 0x10, 3]);
    expect(pack("1099511627776").length).toBe(10);
  });

  test("takes as few bytes as its kind of number needs", () => {
    const sizes: Record<number, string[]> = {
      2: ["0", "127"],
      3: ["-1", "128", "4095", "-4096"],
      4: ["4096", "-4097", "32767", "-32768"],
      5: ["32768", "-32769", "8388607", "-8388608"],
      6: ["8388608", "-8388609", "2147483647", "-2147483648"],
      10: ["2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808"],
    };
    for (const [size, numbers] of Object.entries(sizes)) {
      for (const number of numbers) expect(pack(number).length).toBe(Number(size));
    }
  });

  test("counts its bytes behind it in groups of seven bits", () => {
    const packed = pack("y".repeat(300));
    expect([...packed.subarray(0, 2), ...packed.subarray(-2)]).toEqual([0xe1, 44, 302 >> 7, (302 & 127) | 128]);
  });

  test("returns any content, and its size, from either side", () => {
    fc.assert(
      fc.property(content, (original) => {
        const packed = pack(original);
        expect(elementSize(packed, 0)).toBe(packed.length);
        expect(previousElement(packed, packed.length)).toBe(0);
        expect(text.read(packed, 0).latin1()).toBe(original);
        const source = bytesOf(original);
        expect(text.equals(source, 0, source.length)).toBe(true);
        expect(element.setBytes(source, 0, source.length).matches(packed, 0)).toBe(true);
      }),
    );
  });

  test("holds the canonical text of a 64-bit integer as an integer, and only that", () => {
    fc.assert(
      fc.property(content, (original) => {
        const packed = pack(original);
        const number = /^(0|-?[1-9]\d{0,18})$/.test(original) ? BigInt(original) : undefined;
        const fits = number !== undefined && BigInt.asIntN(64, number) === number;
        expect(isInteger(packed, 0)).toBe(fits);
        if (!fits) return;
        expect((BigInt(highWord(packed, 0)) << 32n) | BigInt(lowWord(packed, 0) >>> 0)).toBe(number);
        expect(integerAt(packed, 0)).toBe(Number.isSafeInteger(Number(number)) ? Number(number) : Number.NaN);
      }),
    );
  });
});

describe("a packed list", () => {
  test("equals a plain array after any changes", () => {
    const change = fc.record({
      kind: fc.constantFrom("insert", "insert", "replace", "remove"),
      index: fc.nat(40),
      content,
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const checked = new CheckedList();
        for (const { kind, index, content: given } of changes) {
          const size = checked.model.length;
          if (kind === "insert" || size === 0) checked.insert(index, given);
          else if (kind === "replace") checked.replace(index % size, given);
          else checked.remove(index % size, Math.min(1 + (index % 3), size - (index % size)));
        }
        checked.check();
      }),
      { numRuns: 200 },
    );
  });

  test("finds the first equal element, skipping the values of pairs", () => {
    const checked = new CheckedList();
    for (const each of ["a", "b", "b", "12", "12", "c"]) checked.insert(99, each);
    const find = (wanted: string, skip: number): number => {
      const source = bytesOf(wanted);
      element.setBytes(source, 0, source.length);
      return list.findElement(checked.bytes, list.firstElement(checked.start), checked.end, element, skip);
    };
    const placeOf = (index: number): number => list.elementPlace(checked.bytes, checked.start, checked.end, index);
    expect(find("b", 0)).toBe(placeOf(1));
    expect(find("b", 1)).toBe(placeOf(2));
    expect(find("12", 1)).toBe(placeOf(4));
    expect(find("c", 1)).toBe(-1);
    expect(find("c", 0)).toBe(placeOf(-1));
  });

  test("counts elements that its header cannot count", () => {
    const checked = new CheckedList();
    const source = bytesOf("1");
    element.setBytes(source, 0, 1);
    for (let count = 1; count <= 65_535; count++) {
      list.insertElement(checked.bytes, checked.start, checked.end, checked.end, element);
      checked.end += element.size;
    }
    // This number in the header also stands for any greater one.
    expect(list.listCount(checked.bytes, checked.start, checked.end)).toBe(65_535);
    for (const more of [65_536, 65_537]) {
      list.insertElement(checked.bytes, checked.start, checked.end, checked.end, element);
      checked.end += element.size;
      expect(list.listCount(checked.bytes, checked.start, checked.end)).toBe(more);
    }
    checked.end = list.removeElements(checked.bytes, checked.start, checked.end, list.firstElement(checked.start), 4);
    expect(list.listCount(checked.bytes, checked.start, checked.end)).toBe(65_533);
  });
});
