/** What reservations, orders and returns have in common: a number of units. Those of one unit need not say so. */
export interface Quantity {
  readonly quantity?: number | undefined;
}

export function unitsOf({ quantity = 1 }: Quantity): number {
  return quantity;
}

export function sumOfUnits(parts: Iterable<Quantity>): number {
  let units = 0;
  for (const part of parts) units += unitsOf(part);
  return units;
}
