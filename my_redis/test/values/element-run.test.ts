import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../tools/property-seed.ts";
import { areDistinct } from "../../src/values/distinct-elements.ts";
import { ElementRun } from "../../src/values/element-run.ts";
import { ElementText, elementSize, PackedElement } from "../../src/values/packed-element.ts";

const element = new PackedElement();
const text = new ElementText();

function pack(contents: readonly string[]): Uint8Array {
  const parts = contents.map((content) => {
    const source = Buffer.from(content, "latin1");
    const target = new Uint8Array(element.setBytes(source, 0, source.length).size);
    element.write(target, 0);
    return target;
  });
  return Buffer.concat(parts);
}

const lengths = [0, 1, 20, 62, 63, 64, 65, 125, 126, 127, 128, 4095, 4096, 16_380, 16_384];
const content = fc.oneof(
  fc.string({ unit: fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 30 }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.integer({ min: -5000, max: 5000 }).map(String),
  fc.constantFrom(...lengths).map((length) => "\0".repeat(length)),
  fc.constantFrom("-0", "007", "-", "9223372036854775807", "-9223372036854775808", "9223372036854775808"),
);
const contents = fc.array(content, { maxLength: 12 });
const run = new ElementRun();

describe("ElementRun", () => {
  test("accepts the elements that MyRedis writes, and counts them", () => {
    fc.assert(
      fc.property(contents, (model) => {
        const bytes = pack(model);
        expect(run.check(bytes, 0, bytes.length)).toBe(true);
        expect(run.count).toBe(model.length);
        expect(run.longest).toBeGreaterThanOrEqual(Math.max(0, ...model.map((each) => each.length)));
        expect(run.hasText).toBe(model.some((each) => !isCanonical(each)));
      }),
      { seed: propertySeed(), numRuns: 300 },
    );
  });

  test("accepts only the bytes that would be written for the same contents", () => {
    const change = fc.tuple(fc.nat(), fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 127, 128, 129, 192, 241)));
    fc.assert(
      fc.property(contents, fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(), (model, changes, cut) => {
        const bytes = pack(model);
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const end = cut % 4 === 0 ? cut % (bytes.length + 1) : bytes.length;
        if (!run.check(bytes, 0, end)) return;
        const read: string[] = [];
        for (let at = 0; at < end; at += elementSize(bytes, at)) read.push(text.read(bytes, at).latin1());
        expect(Buffer.compare(pack(read), bytes.subarray(0, end))).toBe(0);
      }),
      { seed: propertySeed(), numRuns: 3000 },
    );
  });

  const others: [string, number[]][] = [
    ["an integer as text", [0x81, 0x35, 2]],
    ["the greatest integer as text", [0x93, ...Buffer.from("9223372036854775807"), 20]],
    ["the least integer as text", [0x94, ...Buffer.from("-9223372036854775808"), 21]],
    ["a small integer in two bytes", [0xc0, 5, 2]],
    ["a small integer in nine bytes", [0xf4, 5, 0, 0, 0, 0, 0, 0, 0, 9]],
    ["short text with a long header", [0xe0, 1, 0x61, 3]],
    ["a size in more bytes than it needs", [0x81, 0, 0x81]],
    ["a tag that there is not", [0xf5, 1]],
    ["text beyond the end", [0x85, 0x61, 2]],
  ];
  for (const [what, bytes] of others) {
    test(`refuses ${what}`, () => {
      expect(run.check(Uint8Array.from(bytes), 0, bytes.length)).toBe(false);
    });
  }

  test("elements are distinct when no two at the places in question are equal", () => {
    const few = fc.array(fc.constantFrom("a", "b", "c", "1", "2", "longer text", "longer texts"), { maxLength: 8 });
    fc.assert(
      fc.property(few, fc.array(fc.uuid(), { maxLength: 200 }), fc.constantFrom(1, 2), (some, many, stride) => {
        const model = [...some, ...many, ...((some.length + many.length) % stride === 0 ? [] : ["a"])];
        const bytes = pack(model);
        expect(run.check(bytes, 0, bytes.length)).toBe(true);
        const looked = model.filter((_, index) => index % stride === 0);
        expect(areDistinct(run, stride)).toBe(new Set(looked).size === looked.length);
      }),
      { seed: propertySeed(), numRuns: 300 },
    );
  });
});

const isCanonical = (value: string): boolean =>
  /^(0|-?[1-9]\d{0,18})$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value);
