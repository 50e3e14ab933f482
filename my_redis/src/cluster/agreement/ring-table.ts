import { retriedBy, type SlotMap } from "./slot-map.ts";

/** One run of a node: from its start to its end. Each start of a node has a greater number, which its disk keeps. */
export interface Copy {
  readonly node: string;
  readonly run: number;
}

/** A place on the hash ring. Its slots belong to the seat, whichever node serves it: a failover moves no slots. */
export interface Seat {
  /** The name by which the seat stands on the hash ring. */
  readonly name: string;
  /** All nodes that may serve this seat. A node belongs to one seat at most. */
  readonly nodes: readonly string[];
  /** Run 0: nobody has been appointed yet. */
  readonly primary: Copy;
  /** The version of the table that appointed this primary. 0: none has. */
  readonly epoch: number;
  /** Grows with each change of the seat, so that a request that was made before a change is not carried out after it. */
  readonly revision: number;
  /** The copies that hold every acknowledged write, the primary's own among them. */
  readonly inSync: readonly Copy[];
  /** Its share of the slots in relation to other seats; 1 by default. */
  readonly weight?: number;
  /** "joining": its nodes do not vote yet. "leaving": its slots go to others, and then it goes. */
  readonly membership?: "joining" | "leaving";
  /** It leaves without its keys: its nodes are gone for good. Nobody is its primary, and others get its slots empty. */
  readonly isGivenUp?: true;
  /** Nodes that are to be its replicas, and that nobody has heard yet, or that hold keys of their own. */
  readonly awaited?: readonly string[];
}

/**
 * What a write waits for. "replica": every copy that is in sync has it. "primary": the primary alone; its copies in sync
 * are behind by a bounded time at most.
 */
export type Acknowledgement = "replica" | "primary";

/** The document that the ring agrees on. */
export interface RingTable {
  /** Grows with each change, and never has two contents among the committed tables. */
  readonly version: number;
  /** Sorted. */
  readonly voters: readonly string[];
  /** While the voters change: those before. Decisions then need a majority of both. */
  readonly formerVoters: readonly string[] | undefined;
  readonly acknowledgement: Acknowledgement;
  readonly seats: readonly Seat[];
  /** A ring may also have seats whose slots are not agreed on: then nothing moves. */
  readonly slots?: SlotMap;
}

export const seatOf = (table: RingTable, node: string): Seat | undefined =>
  table.seats.find(({ nodes }) => nodes.includes(node));

/** The nodes that serve a seat, and those that are to be its replicas. */
export const allNodesOf = ({ nodes, awaited = [] }: Seat): readonly string[] => [...nodes, ...awaited];

export function nodesOf(table: RingTable): ReadonlySet<string> {
  const nodes = new Set([...table.voters, ...(table.formerVoters ?? [])]);
  for (const seat of table.seats) for (const node of allNodesOf(seat)) nodes.add(node);
  return nodes;
}

/** The latest run of a node that stands in the table; 0 for none. */
export const latestRun = ({ seats }: RingTable, node: string): number =>
  seats
    .flatMap(({ primary, inSync }) => [primary, ...inSync])
    .reduce((latest, copy) => (copy.node === node ? Math.max(latest, copy.run) : latest), 0);

export const isSameCopy = (one: Copy, other: Copy): boolean => one.node === other.node && one.run === other.run;

export const hasCopy = (copies: readonly Copy[], copy: Copy): boolean => copies.some((each) => isSameCopy(each, copy));

export const isSameSet = (some: readonly Copy[], others: readonly Copy[]): boolean =>
  some.length === others.length && some.every((copy) => hasCopy(others, copy));

/** The same content as a further version. */
export const renewed = (table: RingTable): RingTable => ({ ...table, version: table.version + 1 });

export function withPrimary(table: RingTable, seat: Seat, primary: Copy, inSync: readonly Copy[]): RingTable {
  const next = withSeat(table, { ...seat, primary, inSync, epoch: table.version + 1 });
  return table.slots === undefined ? next : withSlots(next, retriedBy(table.slots, seat.name, next.version));
}

/** Another map in the same version of the table. */
export const withSlots = (table: RingTable, slots: SlotMap): RingTable => ({ ...table, slots });

export const withInSync = (table: RingTable, seat: Seat, inSync: readonly Copy[]): RingTable =>
  withSeat(table, { ...seat, inSync });

export const withVoters = (table: RingTable, voters: readonly string[]): RingTable => ({
  ...renewed(table),
  voters: voters.toSorted(),
  formerVoters: table.voters,
});

export const withoutFormerVoters = (table: RingTable): RingTable => ({ ...renewed(table), formerVoters: undefined });

function withSeat(table: RingTable, seat: Seat): RingTable {
  const changed = { ...seat, revision: seat.revision + 1 };
  return { ...renewed(table), seats: table.seats.map((each) => (each.name === seat.name ? changed : each)) };
}
