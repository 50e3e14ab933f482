/** How far a scan of all nodes has got: the nodes before are done, and this one goes on at its own cursor. */
export interface ScanPlace {
  readonly node: number;
  /** The node's own cursor, 32 bits. */
  readonly cursor: number;
}

/**
 * One number for clients, at most 48 bits: a node's cursor times the number of nodes, plus the node. A node that is
 * through is followed by the next from its beginning; 0 after the last one.
 */
export function joinCursor({ node, cursor }: ScanPlace, nodeCount: number): number {
  if (cursor !== 0) return cursor * nodeCount + node;
  return node + 1 < nodeCount ? node + 1 : 0;
}

/** The place that a cursor of a client stands for, decimal digits; one of his own invention stands for some place. */
export function splitCursor(text: string, nodeCount: number): ScanPlace | undefined {
  const digits = /^\+?(\d+)/.exec(text)?.[1] ?? (text === "" || text.startsWith("\0") ? "0" : undefined);
  if (digits === undefined) return text.startsWith("-") ? { node: 0, cursor: 0 } : undefined;
  const value = BigInt.asUintN(64, BigInt(digits));
  const count = BigInt(nodeCount);
  return { node: Number(value % count), cursor: Number(BigInt.asUintN(32, value / count)) };
}
