import type { Members } from "./members.ts";
import { slotRanges } from "./slot-ranges.ts";

const known = new WeakMap<Uint16Array, number>();

/** A sum over the owners of all slots, by their names: alike on all nodes that know the same owners. Never 0. */
export function ownersSum(members: Members): number {
  const { names, owners } = members;
  const before = known.get(owners);
  if (before !== undefined) return before;
  const text = slotRanges(members)
    .map(({ start, node }) => `${start} ${names[node] as string}`)
    .join();
  const sum = sumOf(text) || 1;
  known.set(owners, sum);
  return sum;
}

/** FNV-1a, 32 bits. */
export function sumOf(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return sum;
}
