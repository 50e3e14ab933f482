import { pointCount, type RingNode, type RingOptions } from "./members.ts";
import { finalize, murmur3 } from "./murmur3.ts";

/** All points of a ring, in the order of their positions. */
export interface RingPoints {
  /** Where each point stands: an unsigned 32-bit position. */
  readonly positions: Uint32Array;
  /** The node that the point belongs to: an index into the ring's nodes. */
  readonly nodeIndexes: Uint16Array;
}

/** Any two different constants would do; they are part of the ring's definition and never change. */
const originSeed = 0x5bd1e995;
const strideSeed = 0x27d4eb2f;
const nodeIndexRange = 65_536;

/**
 * A node stands at finalize(origin + i * stride) for i = 0, 1, 2 ...: with an odd stride, and a finalizer that is one
 * to one, no two points of a node coincide; and two names would have to collide in both hashes to share their places.
 * Points of different nodes may coincide: the node whose name comes first then owns the position.
 */
export function placePoints(nodes: readonly Required<RingNode>[], options: Required<RingOptions>): RingPoints {
  const counts = nodes.map(({ weight }) => pointCount(weight, options));
  // Position and node in one number (48 bits), so that the numeric sort of a typed array orders both at once.
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [index, { name }] of nodes.entries()) {
    const origin = murmur3(name, originSeed);
    const stride = murmur3(name, strideSeed) | 1;
    for (let i = 0; i < (counts[index] as number); i++) {
      points[at++] = finalize((origin + Math.imul(i, stride)) | 0) * nodeIndexRange + index;
    }
  }
  points.sort();
  return {
    positions: Uint32Array.from(points, (point) => Math.floor(point / nodeIndexRange)),
    nodeIndexes: Uint16Array.from(points, (point) => point % nodeIndexRange),
  };
}
