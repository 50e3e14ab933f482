/**
 * A number as C's printf writes it with "%.<decimals>f": one exactly halfway between two goes to the even digit, where
 * JavaScript's own rounding takes the larger. `decimals` is up to 99. The number must be below 1e21.
 */
export function formatFixed(value: number, decimals: number): string {
  if (!isHalfway(value, decimals)) return value.toFixed(decimals);
  // One decimal more says it exactly, and that is a 5.
  const lower = value.toFixed(decimals + 1).replace(/\.?.$/, "");
  return Number(lower.at(-1)) % 2 === 0 ? lower : value.toFixed(decimals);
}

/** Such a number has one binary place more than it has decimals: halves of 10^-n are odd multiples of 2^-(n+1) of 5^-n. */
function isHalfway(value: number, decimals: number): boolean {
  // Exact: powers of two only move the point.
  return Math.abs(value * 2 ** (decimals + 1)) % 2 === 1;
}
