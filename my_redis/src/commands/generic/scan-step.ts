import type { Address } from "../../memory/heap.ts";

/** Buckets looked at per element asked for, so that a call ends soon in a table that is nearly empty. */
const bucketsPerElement = 10;

/** An index or a table that can be gone through bucket by bucket. */
export interface Scannable {
  scan(cursor: number, visit: (address: Address) => void): number;
}

/** One call's share of a scan: about `count` records, and the cursor for the next call, 0 at the end. */
export function scanStep(scanned: Scannable, from: number, count: number): { cursor: number; visited: Address[] } {
  const visited: Address[] = [];
  let buckets = count * bucketsPerElement;
  let cursor = from;
  do {
    cursor = scanned.scan(cursor, (address) => visited.push(address));
  } while (cursor !== 0 && buckets-- > 0 && visited.length < count);
  return { cursor, visited };
}
