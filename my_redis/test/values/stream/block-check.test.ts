import { expect, test } from "bun:test";
import fc from "fast-check";
import { propertySeed } from "../../../../tools/property-seed.ts";
import { ElementRun } from "../../../src/values/element-run.ts";
import { PackedElement } from "../../../src/values/packed-element.ts";
import { checkBlock } from "../../../src/values/stream/block-check.ts";
import { StreamId } from "../../../src/values/stream/stream-id.ts";

/** Milliseconds and sequence number. */
type Id = readonly [bigint, bigint];
interface Entry {
  readonly time: bigint;
  readonly sequence: bigint;
  readonly flags: number;
  readonly values: readonly string[];
}

const wordOf = (value: bigint, shift: bigint): number => Number(BigInt.asUintN(32, value >> shift));
const streamId = ([time, sequence]: Id): StreamId =>
  new StreamId().set(wordOf(time, 32n), wordOf(time, 0n), wordOf(sequence, 32n), wordOf(sequence, 0n));
const textOf = ([time, sequence]: Id): string => `${time}-${sequence}`;
const isAfter = ([time, sequence]: Id, [otherTime, otherSequence]: Id): boolean =>
  time > otherTime || (time === otherTime && sequence > otherSequence);

const isInteger = (text: string | undefined): text is string =>
  text !== undefined && /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

/** The rules for a block, over its elements as text: the ids of its live entries, or undefined when it breaks a rule. */
function judge(elements: readonly string[], block: Id, after: Id): readonly Id[] | undefined {
  let at = 0;
  const count = (): number => {
    const text = elements[at++];
    return isInteger(text) && BigInt(text) >= 0n && BigInt(text) < 2n ** 53n ? Number(text) : Number.NaN;
  };
  const [live, deleted, masterFields] = [count(), count(), count()];
  at += masterFields;
  if (!isAfter(block, after) || !(live >= 0 && deleted >= 0 && masterFields > 0) || count() !== 0) return undefined;
  const ids: Id[] = [];
  let [last, gone] = [after, 0];
  while (at < elements.length) {
    const flags = count();
    const [time, sequence] = [elements[at++], elements[at++]];
    if (!(flags <= 3) || !isInteger(time) || !isInteger(sequence)) return undefined;
    const fields = (flags & 2) === 0 ? count() * 2 : masterFields;
    at += fields;
    if (!(fields > 0) || count() !== fields + ((flags & 2) === 0 ? 4 : 3)) return undefined;
    const id: Id = [BigInt.asUintN(64, block[0] + BigInt(time)), BigInt.asUintN(64, block[1] + BigInt(sequence))];
    if (!isAfter(id, last) || isAfter(block, id)) return undefined;
    last = id;
    if ((flags & 1) === 0) ids.push(id);
    else gone++;
  }
  return ids.length === live && gone === deleted && live > 0 ? ids : undefined;
}

const element = new PackedElement();
function pack(elements: readonly string[]): Uint8Array {
  const parts = elements.map((text) => {
    const source = Buffer.from(text, "latin1");
    const target = new Uint8Array(element.setBytes(source, 0, source.length).size);
    element.write(target, 0);
    return target;
  });
  return Buffer.concat(parts);
}

const value = fc.constantFrom("", "value", "12", "-7", "x".repeat(70));
const entry: fc.Arbitrary<Entry> = fc.record({
  time: fc.bigInt({ min: 0n, max: 3n }),
  sequence: fc.bigInt({ min: 0n, max: 300n }),
  flags: fc.constantFrom(0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4),
  values: fc.array(value, { minLength: 2, maxLength: 6 }),
});
const id: fc.Arbitrary<Id> = fc.tuple(
  fc.constantFrom(0n, 5n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 2n),
  fc.constantFrom(0n, 1n, 2n ** 32n - 2n, 2n ** 64n - 200n),
);
/** Replaces an element, removes it, or repeats it. */
const change = fc.tuple(
  fc.nat(),
  fc.constantFrom("replace", "remove", "repeat"),
  fc.constantFrom("0", "1", "2", "3", "4", "5", "-1", "text", "9007199254740992", "9223372036854775807"),
);

function elementsOf(masterFields: readonly string[], entries: readonly Entry[]): string[] {
  const sorted = entries.toSorted((one, other) => Number(one.time - other.time || one.sequence - other.sequence));
  const gone = sorted.filter(({ flags }) => (flags & 1) !== 0).length;
  const body = sorted.flatMap(({ time, sequence, flags, values }) => {
    const own = (flags & 2) === 0;
    const pairs = values.slice(0, values.length & ~1);
    const fields = own ? [`${pairs.length / 2}`, ...pairs] : masterFields.map((_, index) => values[index] ?? "none");
    return [`${flags}`, `${time}`, `${sequence}`, ...fields, `${fields.length + 3}`];
  });
  return [`${sorted.length - gone}`, `${gone}`, `${masterFields.length}`, ...masterFields, "0", ...body];
}

test("a block is taken as it is exactly when it follows every rule", () => {
  const run = new ElementRun();
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 3 }),
      fc.array(entry, { maxLength: 6 }),
      id,
      fc.option(id, { freq: 1, nil: [0n, 0n] as const }),
      fc.array(change, { maxLength: 1 }),
      (masterFields, entries, block, after, changes) => {
        const elements = elementsOf(masterFields, entries);
        for (const [place, kind, text] of changes) {
          const at = place % elements.length;
          if (kind === "replace") elements[at] = text;
          else elements.splice(at, kind === "remove" ? 1 : 0, ...(kind === "remove" ? [] : [elements[at] as string]));
        }
        const bytes = pack(elements);
        expect(run.check(bytes, 0, bytes.length)).toBe(true);
        const [first, last] = [new StreamId(), new StreamId()];
        const expected = judge(elements, block, after) ?? [];
        expect(checkBlock(run, streamId(block), streamId(after), first, last)).toBe(expected.length);
        if (expected.length === 0) return;
        taken++;
        expect(first.toString()).toBe(textOf(expected[0] as Id));
        expect(last.toString()).toBe(textOf(expected.at(-1) as Id));
      },
    ),
    { seed: propertySeed(), numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(100);
});
