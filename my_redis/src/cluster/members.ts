import { createHash } from "node:crypto";
import { HashRing, slotCount, type SlotRange, slotTable } from "hash-ring";

/** All that decides the owners of slots. Nodes with different views disagree about them. */
export interface MemberView {
  readonly names: readonly string[];
  /** The names that have no place on the hash ring: replicas. Missing where there are none. */
  readonly replicas?: readonly string[];
  readonly virtualNodes: number;
  readonly pointsPerVirtualNode: number;
}

/** Greetings carry all names, and have a limited length. */
const maxMembers = 1000;
/** The defaults of hash-ring. They are given, and sent in greetings, so that a version with other defaults is noticed. */
const ringOptions = { virtualNodes: 160, pointsPerVirtualNode: 16 };

/** All nodes, in the order of their names, and which of them owns which hash slot. */
export class Members implements MemberView {
  readonly names: readonly string[];
  readonly ids: readonly string[];
  readonly self: number;
  readonly replicas?: readonly string[];
  /** The names on the hash ring, sorted. Each is a seat, which one node serves at a time. */
  readonly seats: readonly string[];
  readonly virtualNodes = ringOptions.virtualNodes;
  readonly pointsPerVirtualNode = ringOptions.pointsPerVirtualNode;
  /** For each slot a place among `seats`. */
  seatOfSlot: Uint16Array;
  #owners: Uint16Array;
  #primaries: readonly number[];
  #primaryOf: readonly number[];

  /**
   * `self` may stand among the peers, and a peer twice. `groups`: see cluster-replicas. Throws RangeError for more than
   * 1000 nodes.
   */
  constructor(self: string, peers: readonly string[], groups: readonly (readonly string[])[] = []) {
    const replicas = new Set(groups.flatMap((group) => group.slice(1)));
    const all = [...new Set([self, ...peers])];
    const ring = new HashRing(new Set(all.filter((name) => !replicas.has(name))), ringOptions);
    this.seats = ring.nodes.map(({ name }) => name);
    this.names = replicas.size === 0 ? this.seats : all.toSorted();
    if (replicas.size > 0) this.replicas = [...replicas].toSorted();
    if (this.names.length > maxMembers) throw new RangeError(`at most ${maxMembers} nodes can be joined`);
    this.ids = this.names.map(nodeId);
    this.self = this.names.indexOf(self);
    this.seatOfSlot = slotTable(ring);
    this.#owners = this.seatOfSlot;
    this.#primaries = this.seats.map((_, seat) => seat);
    this.#primaryOf = this.#primaries;
    if (replicas.size > 0) this.appoint(groupsOf(this.seats, groups));
  }

  /** For each slot a place among `names`. Another array when the primaries change. */
  get owners(): Uint16Array {
    return this.#owners;
  }

  /** For each seat, the node that serves it: a place among `names`. */
  get primaries(): readonly number[] {
    return this.#primaries;
  }

  /** For each node, the primary of its seat, which may be the node itself. */
  get primaryOf(): readonly number[] {
    return this.#primaryOf;
  }

  /**
   * Says for each seat, in their order, which nodes it has. The first one serves it. `slots`: which seat owns which slots,
   * where that is agreed on.
   */
  appoint(seats: readonly (readonly string[])[], slots?: readonly SlotRange[]): void {
    if (slots !== undefined) this.seatOfSlot = seatsOfSlots(this.seats, slots);
    const placeOf = (name: string): number => this.names.indexOf(name);
    const primaryOf = this.names.map((_, node) => node);
    this.#primaries = seats.map(([primary]) => placeOf(primary as string));
    for (const nodes of seats) for (const node of nodes) primaryOf[placeOf(node)] = placeOf(nodes[0] as string);
    this.#primaryOf = primaryOf;
    this.#owners = this.seatOfSlot.map((seat) => this.#primaries[seat] as number);
  }
}

const groupsOf = (seats: readonly string[], groups: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  seats.map((seat) => groups.find(([first]) => first === seat) ?? [seat]);

function seatsOfSlots(seats: readonly string[], slots: readonly SlotRange[]): Uint16Array {
  const seatOfSlot = new Uint16Array(slotCount);
  for (const { start, end, owner } of slots) seatOfSlot.fill(seats.indexOf(owner), start, end + 1);
  return seatOfSlot;
}

/** The id follows from the name: every node knows it from the start, and it survives restarts. */
export const nodeId = (name: string): string => createHash("sha1").update(name).digest("hex");

/** The names of the owners of all slots in another node's view. Throws RangeError when no ring can be made of it. */
export function ownersInView({ names, replicas = [], virtualNodes, pointsPerVirtualNode }: MemberView): string[] {
  const seats = names.filter((name) => !replicas.includes(name));
  const ring = new HashRing(seats, { virtualNodes, pointsPerVirtualNode });
  return Array.from(slotTable(ring), (index) => (ring.nodes[index] as { name: string }).name);
}

export function isSameView(one: MemberView, other: MemberView): boolean {
  return viewText(one) === viewText(other);
}

/** A view as text, to compare and to log. */
export const viewText = ({ names, replicas = [], virtualNodes, pointsPerVirtualNode }: MemberView): string =>
  `${names.join(" ")} (${virtualNodes} virtual nodes of ${pointsPerVirtualNode} points)` +
  (replicas.length === 0 ? "" : `, of which replicas: ${replicas.join(" ")}`);
