/**
 * Estimates how many different elements were added, from the number of registers with each value: the improved raw
 * estimator of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017). It needs no table
 * of corrections.
 */
const registers = 16384;
/** The bits of the hash that do not choose the register. */
const hashBits = 50;
/** 1 / (2 ln 2). */
const alphaInfinite = 0.7213475204444817;

/** Redis's number for an infinite estimate. */
const infinitelyMany = 2 ** 63;

/** `histogram[value]`: the number of registers with that value. */
export function cardinality(histogram: Int32Array): number {
  const share = (value: number): number => (histogram[value] as number) / registers;
  let z = registers * tau(1 - share(hashBits + 1));
  for (let value = hashBits; value >= 1; value--) z = (z + (histogram[value] as number)) * 0.5;
  z += registers * sigma(share(0));
  // If all registers have the greatest value, which no elements can cause, the estimate is infinite: then z is 0.
  return Math.min(infinitelyMany, Math.round((alphaInfinite * registers * registers) / z));
}

/** x + the sum of x^(2^k) * 2^(k-1), computed until it no longer changes. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let [power, factor, sum, before] = [x, 1, x, Number.NaN];
  while (sum !== before) {
    power *= power;
    before = sum;
    sum += power * factor;
    factor += factor;
  }
  return sum;
}

/** (1 - x - the sum of (1 - x^(2^-k))^2 * 2^-k) / 3, computed until it no longer changes. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let [root, factor, sum, before] = [x, 1, 1 - x, Number.NaN];
  while (sum !== before) {
    root = Math.sqrt(root);
    before = sum;
    factor *= 0.5;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
