import { isQuorum } from "../transaction/quorum.ts";
import type { RingTable } from "./ring-table.ts";

/** Whether these nodes may decide. While the voters change, both the new and the former ones have to agree. */
export function isMajority({ voters, formerVoters }: RingTable, present: ReadonlySet<string>): boolean {
  return isQuorum(voters, present) && (formerVoters === undefined || isQuorum(formerVoters, present));
}

/** The greatest time that a majority has reached: `times` says for each node which time it has reached. */
export function timeOfMajority(table: RingTable, times: ReadonlyMap<string, number>): number {
  const present = new Set<string>();
  for (const [node, timeMs] of [...times].toSorted(([, one], [, other]) => other - one)) {
    present.add(node);
    if (isMajority(table, present)) return timeMs;
  }
  return Number.NEGATIVE_INFINITY;
}

export const isVoter = ({ voters, formerVoters }: RingTable, node: string): boolean =>
  voters.includes(node) || formerVoters?.includes(node) === true;
