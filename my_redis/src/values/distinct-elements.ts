import { elementSize } from "./packed-element.ts";
import type { ElementRun } from "./element-run.ts";

/** The greatest number of elements that are compared: the table below has twice as many places. */
export const maxDistinctElements = 2048;
const places = new Int32Array(maxDistinctElements * 2);
const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/**
 * Whether every `stride`-th element of the run, starting with the first, differs from the others: the fields of a hash,
 * the members of a set. There are at most `maxDistinctElements` of them, and the run has been checked.
 */
export function areDistinct({ bytes, start, end, count }: ElementRun, stride: number): boolean {
  let mask = 7;
  while (mask < (count / stride) * 2) mask = mask * 2 + 1;
  places.fill(0, 0, mask + 1);
  let at = start;
  while (at < end) {
    const size = elementSize(bytes, at);
    // The FNV-1a hash. Colliding elements do no harm, because their number is limited.
    let hash = offsetBasis;
    for (let byte = at; byte < at + size; byte++) hash = Math.imul(hash ^ (bytes[byte] as number), prime);
    let place = (hash ^ (hash >>> 15)) & mask;
    for (; places[place] !== 0; place = (place + 1) & mask) {
      if (isEqual(bytes, start + (places[place] as number) - 1, at, size)) return false;
    }
    places[place] = at - start + 1;
    at += size;
    for (let passed = 1; passed < stride; passed++) at += elementSize(bytes, at);
  }
  return true;
}

function isEqual(bytes: Uint8Array, one: number, other: number, size: number): boolean {
  for (let byte = 0; byte < size; byte++) if (bytes[one + byte] !== bytes[other + byte]) return false;
  return true;
}
