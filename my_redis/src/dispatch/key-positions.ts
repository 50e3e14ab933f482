import type { Arguments } from "../protocol/arguments.ts";
import { parseInt64 } from "../protocol/number-text.ts";
import type { KeySpecification } from "./key-specification.ts";

/** Where the keys stand among the arguments. A negative `last` counts from the end. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** The positions of the keys among the arguments. */
export type FindPositions = (args: Arguments) => number[];

/** The keys at fixed places, as one range; adjacent ranges are joined. Undefined when no key has a fixed place. */
export function fixedRange(specifications: readonly KeySpecification[]): KeyRange | undefined {
  let range: KeyRange | undefined;
  for (const { begin, find } of specifications) {
    if (begin.type !== "index" || find.type !== "range") continue;
    const last = find.last < 0 ? find.last : begin.index + find.last;
    if (range === undefined) range = { first: begin.index, last, step: find.step };
    else if (range.last === begin.index - 1) range = { ...range, last };
  }
  return range;
}

/** Whether the range does not cover all keys, so that the arguments must be searched. */
export const needsSearch = (specifications: readonly KeySpecification[]): boolean =>
  specifications.some(({ begin, find }) => begin.type !== "index" || find.type !== "range");

/** The positions of all keys that the specifications describe. */
export const searchKeys =
  (specifications: readonly KeySpecification[]): FindPositions =>
  (args) =>
    specifications.flatMap((specification) => positionsOf(specification, args));

/** The positions of the keys that one specification describes; none when the arguments do not fit it. */
export function positionsOf({ begin, find }: KeySpecification, args: Arguments): number[] {
  let first = begin.type === "index" ? begin.index : 0;
  if (begin.type === "keyword") first = afterKeyword(begin.keyword.toLowerCase(), begin.startFrom, args);
  if (first === 0 || first >= args.count || find.type === "unknown") return [];
  if (find.type === "keynum") {
    const count = countAt(args, first + find.index);
    first += find.first;
    const last = first + (count - 1) * find.step;
    return last < args.count ? positionsBetween(first, last, find.step, args) : [];
  }
  if (find.last >= 0) return positionsBetween(first, first + find.last, find.step, args);
  const end = find.limit === 0 ? args.count : first + Math.floor((args.count - first) / find.limit);
  return positionsBetween(first, end + find.last, find.step, args);
}

const countAt = (args: Arguments, index: number): number =>
  index < args.count ? Number(parseInt64(args.buffer, args.start(index), args.end(index)) ?? 0n) : 0;

/** The positions from `first` to `last`, `step` apart, within the arguments. */
export function positionsBetween(first: number, last: number, step: number, args: Arguments): number[] {
  const positions: number[] = [];
  for (let index = first; index <= last && index < args.count; index += step) positions.push(index);
  return positions;
}

/** The argument after a keyword that is searched forwards, or backwards from the end; 0 when the keyword is missing. */
function afterKeyword(word: string, startFrom: number, args: Arguments): number {
  if (startFrom > 0) {
    for (let index = startFrom; index < args.count; index++) if (args.is(index, word)) return index + 1;
    return 0;
  }
  for (let index = args.count + startFrom; index > 0; index--) if (args.is(index, word)) return index + 1;
  return 0;
}
