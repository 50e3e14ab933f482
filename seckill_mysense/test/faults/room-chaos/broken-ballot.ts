import { brokenNumbers, brokenOrder, placesOf } from "./broken-rules.ts";
import type { ToldVisitor } from "./told.ts";

/** What became of somebody who had a token of a ballot. */
export interface Purchase {
  readonly kind: "bought" | "sold out" | "too late";
  /** Units that it holds in the end. */
  readonly units: number;
  /** When its window ends, as it was told. */
  readonly untilMs: number;
  /** When it saw that its order is in the ledger. */
  readonly wonMs?: number;
}

export interface ToldBuyer extends ToldVisitor {
  purchase: Purchase | undefined;
}

export interface BallotOutcome {
  readonly units: number;
  readonly entries: number;
  readonly admitted: number;
}

/** So long after a window its places are looked at: what was bought is in the ledger by then, or another one may get nothing. */
const recordedWithinMs = 5_000;

/**
 * What everybody was told who has entered, against the rules of a ballot. How fast the machine is makes no difference to any of them.
 *
 * 1. Each visitor has one number, one receipt and one place. The numbers and the places are 1 to N.
 * 2. Nobody has a token whose place was not admitted.
 * 3. No more units are sold than there are, and all of them while somebody waits.
 * 4. Nobody who is admitted is told that nothing is left, unless an order came into the ledger after its place was looked at.
 */
export function brokenBallot(visitors: readonly ToldBuyer[], outcome: BallotOutcome): string[] {
  const { units, entries, admitted } = outcome;
  const sold = unitsSold(visitors);
  const isLate = ({ purchase }: ToldBuyer): boolean =>
    purchase?.wonMs !== undefined && purchase.wonMs > purchase.untilMs + recordedWithinMs;
  const inVain = visitors.some(isLate) ? [] : visitors.filter(({ purchase }) => purchase?.kind === "sold out");
  return [
    ...brokenNumbers(visitors),
    ...brokenOrder(visitors),
    ...visitors.flatMap((visitor) => {
      const [place = 0] = placesOf(visitor);
      const isEarly = visitor.token !== undefined && place > admitted;
      return isEarly ? [`${visitor.name} with place ${place} has a token, and ${admitted} are admitted`] : [];
    }),
    ...(sold > units ? [`${sold} of ${units} units are sold`] : []),
    ...(sold < units && admitted < entries
      ? [`${units - sold} units are left, and ${entries - admitted} people wait`]
      : []),
    ...inVain.map(({ name }) => `${name} was admitted, and told that nothing is left`),
  ];
}

export function unitsSold(visitors: readonly ToldBuyer[]): number {
  return visitors.reduce((sum, { purchase }) => sum + (purchase?.units ?? 0), 0);
}
