import { slotCount } from "hash-ring";
import type { SlotSpan } from "../agreement/slot-map.ts";

/** For each slot, 1 or 0. Keys are asked for one by one, so that a look-up has to be cheap. */
export type SlotFlags = Uint8Array;

export const noSlots = (): SlotFlags => new Uint8Array(slotCount);

export function flagsOf(spans: Iterable<SlotSpan>): SlotFlags {
  const flags = noSlots();
  for (const { start, end } of spans) flags.fill(1, start, end + 1);
  return flags;
}
