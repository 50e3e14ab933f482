import type { RingTable } from "./ring-table.ts";

/** A table with the term of the leader that proposed it. */
export interface StoredTable {
  readonly term: number;
  readonly table: RingTable;
}

/** What tells one stored table from another. A leader proposes each version once in its term. */
export interface Stamp {
  readonly term: number;
  readonly version: number;
}

/** What a node must not forget. Its disk has it before anybody is told. */
export interface Durable {
  /** How often this node was started. */
  readonly run: number;
  readonly term: number;
  /** The candidate that has this node's vote in this term. */
  readonly votedFor: string | undefined;
  readonly stored: StoredTable;
}

export const stampOf = ({ term, table }: StoredTable): Stamp => ({ term, version: table.version });

export const isSameStamp = (one: Stamp, other: Stamp): boolean =>
  one.term === other.term && one.version === other.version;

/** A later leader's table is newer, whatever its version: its leader knew all that was committed before. */
export const isNewer = (one: Stamp, other: Stamp): boolean =>
  one.term > other.term || (one.term === other.term && one.version > other.version);
