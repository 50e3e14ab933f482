import type { Context } from "../../../dispatch/context.ts";
import { latin1Text } from "../../../protocol/arguments.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import { parseSafeInteger } from "../../../protocol/number-text.ts";
import { parseLimit } from "../../../values/double-text.ts";
import { compareBytes } from "../../../values/sorted-set/compare-key.ts";
import { ByteStrings } from "./byte-strings.ts";
import type { SortOptions } from "./sort-options.ts";

const noNumber = "ERR One or more scores can't be converted into double";
/** Smaller doubles are subnormal and lose digits. The C library reports that as an error. */
const smallestNormal = 2.2250738585072014e-308;
/** Marks an element whose weight is missing. */
const missing = -1;

/** The requested elements: those with these numbers, in this order. */
export interface Sorted {
  readonly elements: ByteStrings;
  readonly numbers: readonly number[];
}

type Compare = (one: number, other: number) => number;

/** The elements' numbers in the requested order. Throws when an element or weight that must be a number is not one. */
export function orderOf(context: Context, elements: ByteStrings, options: SortOptions): number[] {
  const numbers = Array.from({ length: elements.count }, (_, number) => number);
  const ascending = options.alphabetic
    ? alphabetically(context, elements, options)
    : numerically(context, elements, options);
  // DESC inverts the comparison instead of reversing the result, so equal elements keep their order, as in Redis.
  return numbers.sort(options.descending ? (one, other) => -ascending(one, other) : ascending);
}

function numerically(context: Context, elements: ByteStrings, { by }: SortOptions): Compare {
  const scores = new Float64Array(elements.count);
  for (let number = 0; number < elements.count; number++) {
    const [start, end] = [elements.start(number), elements.end(number)];
    const weight =
      by === undefined ? { bytes: elements.bytes, start, end } : by.lookUp(context, elements.bytes, start, end);
    if (weight === undefined) continue;
    const score = scoreOf(weight.bytes, weight.start, weight.end);
    if (Number.isNaN(score)) throw new CommandError(noNumber);
    scores[number] = score;
  }
  const byText = comparing(elements, false);
  return (one, other) => {
    const [first, second] = [scores[one] as number, scores[other] as number];
    // A subtraction of equal infinities would give NaN, so the scores are compared instead.
    return first < second ? -1 : first > second ? 1 : byText(one, other);
  };
}

/** The double that C's strtod reads. NaN when the text is not read to its end, or is out of range. */
function scoreOf(bytes: Uint8Array, start: number, end: number): number {
  const integer = parseSafeInteger(bytes, start, end);
  if (!Number.isNaN(integer)) return integer;
  const text = latin1Text(bytes, start, end);
  const score = parseLimit(text);
  const digits = (text.split("\0", 1)[0] as string).toLowerCase();
  if (!Number.isFinite(score)) return digits.includes("inf") ? score : Number.NaN;
  if (score === 0) return spellsZero(digits) ? 0 : Number.NaN;
  return Math.abs(score) < smallestNormal ? Number.NaN : score;
}

/** Whether the text means zero. Otherwise zero is the result of an underflow. */
const spellsZero = (text: string): boolean =>
  text.includes("0x") ? !/0x[^p]*[1-9a-f]/.test(text) : !/^[^e]*[1-9]/.test(text);

function alphabetically(context: Context, elements: ByteStrings, { by, storeIndex }: SortOptions): Compare {
  // Redis compares with strcoll when it replies, which stops at a zero byte. With STORE it compares all bytes.
  const upToZero = storeIndex === 0;
  if (by === undefined) return comparing(elements, upToZero);
  const weights = new ByteStrings();
  const numbers = new Float64Array(elements.count).fill(missing);
  for (let number = 0; number < elements.count; number++) {
    const weight = by.lookUp(context, elements.bytes, elements.start(number), elements.end(number));
    if (weight !== undefined) numbers[number] = weights.add(weight.bytes, weight.start, weight.end);
  }
  const compare = comparing(weights, upToZero);
  return (one, other) => {
    const [first, second] = [numbers[one] as number, numbers[other] as number];
    if (first !== missing && second !== missing) return compare(first, second);
    return Math.sign(first - second) * (first === second ? 0 : 1);
  };
}

function comparing(strings: ByteStrings, upToZero: boolean): Compare {
  const { bytes } = strings;
  const endOf = (number: number): number => {
    const end = strings.end(number);
    if (!upToZero) return end;
    const zero = bytes.subarray(strings.start(number), end).indexOf(0);
    return zero < 0 ? end : strings.start(number) + zero;
  };
  return (one, other) => compareBytes(bytes, strings.start(one), endOf(one), bytes, strings.start(other), endOf(other));
}
