import type { SeatRights } from "./failover/seat-rights.ts";

/** This node's right to serve its place on a ring with replicas. */
export interface SeatServing {
  /** Runs something that is no client's request once this node may serve or `isMoot`, or says why it may not. */
  whenServing(run: (refusal: string | undefined) => void, isMoot: () => boolean): void;
  /** Runs it when the ring's table has changed, or says why that has lasted too long. */
  whenTable(run: (refusal: string | undefined) => void): void;
  /** It has keys from before it came to the ring, and they are in nobody's slots. */
  readonly holdsStrayKeys: boolean;
  /** Knows which slots are about to become this node's own. */
  readonly mover: { isAwaited(slot: number): boolean };
  readonly rights: SeatRights;
}

/**
 * The nodes of the ring, and the hash slots that each of them owns. A node keeps its number until this process ends. Where
 * members come and go, the same node may have other numbers on other nodes.
 */
export interface ClusterView {
  /** Names (host:port) by number, also of nodes that have left. Sorted on a ring whose members are fixed. */
  readonly names: readonly string[];
  /** The numbers of the members at present, this node among them, in the order of their names. */
  readonly nodes: readonly number[];
  /** This node's place among `names`. */
  readonly self: number;
  /** The nodes that own slots, one for each place that has any, in the order of the places. */
  readonly owning: readonly number[];
  /** Whether this node belongs to a ring that has begun. */
  readonly isInRing: boolean;
  /** Undefined on a ring without replicas. */
  readonly seat: SeatServing | undefined;
  /** Tells one distribution of the slots from another. */
  readonly ownersSum: number;
  /** Tells one set of places that own slots from another: whichever nodes serve them, and whichever slots they own. */
  readonly placesSum: number;
  /** The node that serves the place of this one; the node itself where it has none. */
  primaryOf(node: number): number;
  /** The node that owns a hash slot (0 to 16383). */
  ownerOfSlot(slot: number): number;
  /** The hash slot of a key, bytes[start, end): the slot of its hash tag if it has one. */
  slotOfKey(bytes: Uint8Array, start: number, end: number): number;
  /** Whether a node answers at present; true for this one. */
  isReachable(node: number): boolean;
  /** Whether this node and another disagree about the slot's owner. Then neither serves it. */
  isDisputed(slot: number): boolean;
}
