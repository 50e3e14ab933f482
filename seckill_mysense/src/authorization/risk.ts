/**
 * What raises a risk: wrong passwords for a name, those from an address, different accounts that an address uses, and work that
 * was done faster than a browser does it.
 */
export const riskReasons = ["name_failures", "address_failures", "address_accounts", "fast_work"] as const;
export type RiskReason = (typeof riskReasons)[number];

export interface RiskRule {
  /** So many raise nothing. */
  readonly free: number;
  /** How fast they are forgotten. */
  readonly forgottenPerSecond: number;
}

/** No more than this many times the free ones are counted, so that a risk ends within a foreseeable time. */
const countedPerFree = 64;

export const mostCounted = ({ free }: RiskRule): number => (free + 1) * countedPerFree;

/** By how many levels so many raise the work: by one beyond the free ones, and by one more with each doubling. */
export function riseOf(counted: number, { free }: RiskRule): number {
  return counted <= free ? 0 : 1 + Math.floor(Math.log2(counted / (free + 1)));
}
