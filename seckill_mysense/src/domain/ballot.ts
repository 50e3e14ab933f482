/** What a ballot has left of a product. */
export interface UnsoldProduct {
  /** Units that somebody may buy now. */
  readonly left: number;
  readonly limitPerUser: number;
  /** Units that those hold whose window is open: they may buy so many less. */
  readonly heldInWindows: number;
}

export interface BallotRound {
  /** Places that are admitted, and whose window has not been found to be over. */
  readonly openWindows: number;
  /** Whether it is the first round, and the merchant said how many win. */
  readonly isLimited: boolean;
}

/**
 * How many further places a ballot admits. While somebody may still buy in an open window, only as many as can surely have all that
 * the limits allow, beside those who are admitted already. Afterwards as many as surely find a unit, so that nothing stays
 * unsold while somebody waits: of the product of which this is enough for most people, a rest below the limit is for one more.
 */
export function furtherPlaces(products: readonly UnsoldProduct[], { openWindows, isLimited }: BallotRound): number {
  const unsold = products.filter(({ left }) => left > 0);
  if (unsold.length === 0) return 0;
  const stillWanted = ({ limitPerUser, heldInWindows }: UnsoldProduct): number =>
    Math.max(0, openWindows * limitPerUser - heldInWindows);
  if (unsold.every((product) => stillWanted(product) === 0)) {
    return Math.max(...unsold.map(({ left, limitPerUser }) => Math.ceil(left / limitPerUser)));
  }
  if (isLimited) return 0;
  const served = unsold.map((product) => Math.floor((product.left - stillWanted(product)) / product.limitPerUser));
  return Math.max(0, Math.min(...served));
}
