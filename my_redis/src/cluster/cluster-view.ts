/** Who the nodes are and what each of them owns. Nodes are numbered by the order of their names, alike on every node. */
export interface ClusterView {
  /** Names (host:port) of all nodes, this one among them, sorted. */
  readonly names: readonly string[];
  /** 40 hexadecimal digits for each name. */
  readonly ids: readonly string[];
  /** This node's place among `names`. */
  readonly self: number;
  /** The node that owns a hash slot (0 to 16383). */
  ownerOfSlot(slot: number): number;
  /** The hash slot of a key, bytes[start, end): of its hash tag where it has one. */
  slotOfKey(bytes: Uint8Array, start: number, end: number): number;
  /** Whether a node answers at present; true for this one. */
  isReachable(node: number): boolean;
  /** Whether this node and some other disagree on who owns the slot: then neither serves it. */
  isDisputed(slot: number): boolean;
}
