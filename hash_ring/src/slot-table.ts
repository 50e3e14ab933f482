import type { HashRing } from "./hash-ring.ts";

/** Redis Cluster divides the keys among this many hash slots. */
export const slotCount = 16_384;
const positionsPerSlot = 2 ** 32 / slotCount;

/**
 * The owner of every hash slot, as an index into `ring.nodes`. Slot s has the position s * 2^18 on the ring, and its
 * owner is found as for a key.
 *
 * @throws RangeError for an empty ring
 */
export function slotTable(ring: HashRing): Uint16Array {
  const { positions, nodeIndexes } = ring.points;
  if (positions.length === 0) throw new RangeError("an empty ring owns no slots");
  const owners = new Uint16Array(slotCount);
  let point = 0;
  for (let slot = 0; slot < slotCount; slot++) {
    while (point < positions.length && (positions[point] as number) < slot * positionsPerSlot) point++;
    owners[slot] = nodeIndexes[point % positions.length] as number;
  }
  return owners;
}
