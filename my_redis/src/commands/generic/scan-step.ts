import type { Address } from "../../memory/heap.ts";

/** Buckets visited per requested element, so that a call ends soon even in a nearly empty table. */
const bucketsPerElement = 10;

/** An index or a table that can be walked bucket by bucket. */
export interface Scannable {
  scan(cursor: number, visit: (address: Address) => void): number;
}

/** One step of a scan: about `count` records, and the cursor for the next call, 0 at the end. */
export function scanStep(scanned: Scannable, from: number, count: number): { cursor: number; visited: Address[] } {
  const visited: Address[] = [];
  let buckets = count * bucketsPerElement;
  let cursor = from;
  do {
    cursor = scanned.scan(cursor, (address) => visited.push(address));
  } while (cursor !== 0 && buckets-- > 0 && visited.length < count);
  return { cursor, visited };
}
