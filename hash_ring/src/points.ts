import { pointCount, type RingNode, type RingOptions } from "./members.ts";
import { finalize, murmur3 } from "./murmur3.ts";

/** All points of a ring, in the order of their positions. */
export interface RingPoints {
  /** The position of each point, an unsigned 32-bit integer. */
  readonly positions: Uint32Array;
  /** The node to which each point belongs, as an index into the ring's nodes. */
  readonly nodeIndexes: Uint16Array;
}

/** Any two different constants would do. They are part of the ring's definition and never change. */
const originSeed = 0x5bd1e995;
const strideSeed = 0x27d4eb2f;
const nodeIndexRange = 65_536;

/**
 * A node's points are finalize(origin + i * stride) for i = 0, 1, 2 and so on. The stride is odd and the finalizer is
 * one to one, so no two points of a node are equal. Two names share all points only if they collide in both hashes.
 * Points of different nodes may be equal: then the node whose name comes first owns the position.
 */
export function placePoints(nodes: readonly Required<RingNode>[], options: Required<RingOptions>): RingPoints {
  const counts = nodes.map(({ weight }) => pointCount(weight, options));
  // Position and node are packed into one number (48 bits), so that the numeric sort of a typed array sorts by both.
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
