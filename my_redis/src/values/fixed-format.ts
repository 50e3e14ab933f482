/**
 * A number as C's printf writes it with "%.<decimals>f". A number exactly halfway between two results gets the even
 * last digit, where JavaScript's own rounding takes the larger number. `decimals` is up to 99. The number must be below
 * 1e21.
 */
export function formatFixed(value: number, decimals: number): string {
  if (!isHalfway(value, decimals)) return value.toFixed(decimals);
  // One more decimal gives the exact number, and that decimal is a 5.
  const lower = value.toFixed(decimals + 1).replace(/\.?.$/, "");
  return Number(lower.at(-1)) % 2 === 0 ? lower : value.toFixed(decimals);
}

/**
 * A number halfway between two results has one more binary place than it has decimals: halves of 10^-n are odd
 * multiples of 2^-(n+1) of 5^-n.
 */
function isHalfway(value: number, decimals: number): boolean {
  // Exact: a power of two only changes the exponent.
  return Math.abs(value * 2 ** (decimals + 1)) % 2 === 1;
}
