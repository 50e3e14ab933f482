import type { MemberList } from "../dispatch/ports.ts";

/** Consecutive hash slots of one owner. */
export interface SlotRange {
  readonly start: number;
  readonly end: number;
  /** A place among Members.names. */
  readonly node: number;
}

const known = new WeakMap<Uint16Array, readonly SlotRange[]>();

/** All slots in ranges, in order. A node that waits for a ring knows no owners. */
export function slotRanges({ owners, seats }: MemberList): readonly SlotRange[] {
  if (seats.length === 0) return [];
  const before = known.get(owners);
  if (before !== undefined) return before;
  const ranges: SlotRange[] = [];
  for (let start = 0; start < owners.length;) {
    const node = owners[start] as number;
    let end = start;
    while (end + 1 < owners.length && owners[end + 1] === node) end++;
    ranges.push({ start, end, node });
    start = end + 1;
  }
  known.set(owners, ranges);
  return ranges;
}
