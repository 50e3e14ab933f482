import { formatDouble, parseDouble } from "../double-text.ts";
import type { ElementRun } from "../element-run.ts";
import { elementKernel } from "../open-element-kernel.ts";
import { ElementText, elementSize, integerAt, isInteger, PackedElement } from "../packed-element.ts";
import * as list from "../packed-list.ts";
import { compareBytes } from "./compare-key.ts";

/**
 * A small sorted set is a packed list of members and scores in turn, in ascending order. Scores are integers, or
 * doubles as text. The places below are those of members.
 */
const text = new ElementText();
/** Longer than the text of any double. */
const scoreText = new Uint8Array(64);

/** The score of the member at this place. */
export function packedScoreAt(bytes: Uint8Array, memberAt: number): number {
  const at = memberAt + elementSize(bytes, memberAt);
  if (isInteger(bytes, at)) {
    const value = integerAt(bytes, at);
    if (!Number.isNaN(value)) return value;
  }
  const { bytes: digits, start, end } = text.read(bytes, at);
  return parseDouble(digits, start, end);
}

/** Prepares an element that contains a score. */
export function setScore(element: PackedElement, score: number): PackedElement {
  if (Number.isSafeInteger(score)) return element.setInteger(score);
  const shown = formatDouble(score);
  for (let at = 0; at < shown.length; at++) scoreText[at] = shown.charCodeAt(at);
  return element.setBytes(scoreText, 0, shown.length);
}

/** The place of the member after this one. */
export function nextMember(bytes: Uint8Array, at: number): number {
  const scoreAt = at + elementSize(bytes, at);
  return scoreAt + elementSize(bytes, scoreAt);
}

const previousText = new ElementText();

/**
 * Whether the members and scores of a run, an even number of elements, are in ascending order, with every score in the
 * form of `setScore`.
 */
export function areInOrder({ bytes, start, end }: ElementRun): boolean {
  const judged = elementKernel().ascending(start, end);
  return judged === -1 ? areInOrderByText(bytes, start, end) : judged === 1;
}

/** As `areInOrder`, for any form of score. */
function areInOrderByText(bytes: Uint8Array, start: number, end: number): boolean {
  let previous = -1;
  let previousScore = Number.NEGATIVE_INFINITY;
  for (let at = start; at < end; at = nextMember(bytes, at)) {
    const score = packedScoreAt(bytes, at);
    // Also false for NaN.
    if (!(score >= previousScore)) return false;
    if (isInteger(bytes, at + elementSize(bytes, at)) !== Number.isSafeInteger(score)) return false;
    if (score === previousScore && previous >= 0 && compareMembers(bytes, previous, at) >= 0) return false;
    previous = at;
    previousScore = score;
  }
  return true;
}

function compareMembers(bytes: Uint8Array, one: number, other: number): number {
  const { bytes: from, start, end } = previousText.read(bytes, one);
  const name = text.read(bytes, other);
  return compareBytes(from, start, end, name.bytes, name.start, name.end);
}

/** The place for a member with this score in the list bytes[start, end). */
export function placeFor(
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  member: Uint8Array,
  memberStart: number,
  memberEnd: number,
): number {
  let at = list.firstElement(start);
  for (; at < end; at = nextMember(bytes, at)) {
    const other = packedScoreAt(bytes, at);
    if (other > score) break;
    if (other < score) continue;
    const name = text.read(bytes, at);
    if (compareBytes(name.bytes, name.start, name.end, member, memberStart, memberEnd) > 0) break;
  }
  return at;
}
