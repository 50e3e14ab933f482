/**
 * A count of up to 64 bits: a number while it is safe, else a bigint. Clients may set such counts to any value, and
 * read it again; in practice they stay numbers.
 */
export type Count64 = number | bigint;

export function count64(value: bigint): Count64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function plus(one: Count64, other: Count64): Count64 {
  if (typeof one === "number" && typeof other === "number") {
    const sum = one + other;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return count64(BigInt.asIntN(64, BigInt(one) + BigInt(other)));
}

export const minus = (one: Count64, other: Count64): Count64 =>
  typeof other === "number" ? plus(one, -other) : plus(one, -other);
