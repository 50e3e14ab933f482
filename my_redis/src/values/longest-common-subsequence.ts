/** A run of bytes that two texts share in their longest common subsequence: where it begins in each, and its length. */
export interface CommonRun {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

/** Bytes that `longestCommonSubsequence` needs for texts of these lengths. */
export const subsequenceTableBytes = (firstLength: number, secondLength: number): number =>
  (firstLength + 1) * (secondLength + 1) * 4;

/**
 * The longest common subsequence of two texts, as its runs from the last to the first. If several are equally long, the
 * result is the one that Redis finds. Time and memory are proportional to the product of the lengths.
 */
export function longestCommonSubsequence(first: Uint8Array, second: Uint8Array): { length: number; runs: CommonRun[] } {
  const width = second.length + 1;
  const lengths = prefixLengths(first, second);
  const runs: CommonRun[] = [];
  let at = first.length;
  let other = second.length;
  let run = 0;
  while (at > 0 && other > 0) {
    if (first[at - 1] === second[other - 1]) {
      at--;
      other--;
      run++;
      continue;
    }
    if (run > 0) runs.push({ first: at, second: other, length: run });
    run = 0;
    const above = lengths[(at - 1) * width + other] as number;
    if (above > (lengths[at * width + other - 1] as number)) at--;
    else other--;
  }
  if (run > 0) runs.push({ first: at, second: other, length: run });
  return { length: lengths[lengths.length - 1] as number, runs };
}

/** The length of the longest common subsequence for all pairs of prefixes, row by row of the first text. */
function prefixLengths(first: Uint8Array, second: Uint8Array): Uint32Array {
  const width = second.length + 1;
  const lengths = new Uint32Array((first.length + 1) * width);
  for (let row = 1; row <= first.length; row++) {
    const byte = first[row - 1];
    let at = row * width;
    for (let column = 0; column < second.length; column++) {
      at++;
      const above = lengths[at - width] as number;
      const left = lengths[at - 1] as number;
      if (byte === second[column]) lengths[at] = (lengths[at - width - 1] as number) + 1;
      else lengths[at] = above > left ? above : left;
    }
  }
  return lengths;
}
