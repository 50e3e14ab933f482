/** So many cursors' worth of a mark: a cursor with one has at most 53 bits, which JavaScript still counts exactly. */
const marks = 2048;

/**
 * A cursor with a mark of the places that the scan visits. Where members come and go, a scan that goes on while other places
 * have slots begins anew: it shows keys twice then, and misses none for that reason.
 */
export const markCursor = (cursor: number, placesSum: number): number =>
  cursor === 0 ? 0 : cursor * marks + (placesSum % marks);

/** The cursor without its mark; "0" if it was made for other places. */
export function unmarkCursor(text: string, placesSum: number): string {
  if (!/^\d+$/.test(text)) return text;
  const value = BigInt(text);
  return value % BigInt(marks) === BigInt(placesSum % marks) ? `${value / BigInt(marks)}` : "0";
}

/** The place of a scan of all nodes: earlier nodes are complete, and this one goes on at its own cursor. */
export interface ScanPlace {
  readonly node: number;
  /** The node's own cursor, 32 bits. */
  readonly cursor: number;
}

/**
 * One number for clients, at most 48 bits: a node's cursor times the number of nodes, plus the node. After the
 * end of a node comes the beginning of the next; 0 comes after the last node.
 */
export function joinCursor({ node, cursor }: ScanPlace, nodeCount: number): number {
  if (cursor !== 0) return cursor * nodeCount + node;
  return node + 1 < nodeCount ? node + 1 : 0;
}

/** The place of a client's cursor, which is decimal digits. An invented cursor leads to some place. */
export function splitCursor(text: string, nodeCount: number): ScanPlace | undefined {
  const digits = /^\+?(\d+)/.exec(text)?.[1] ?? (text === "" || text.startsWith("\0") ? "0" : undefined);
  if (digits === undefined) return text.startsWith("-") ? { node: 0, cursor: 0 } : undefined;
  const value = BigInt.asUintN(64, BigInt(digits));
  const count = BigInt(nodeCount);
  return { node: Number(value % count), cursor: Number(BigInt.asUintN(32, value / count)) };
}
