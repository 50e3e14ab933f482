import { createHash } from "node:crypto";
import { HashRing, slotCount, type SlotRange, slotTable } from "hash-ring";

/** All that decides the owners of slots on a ring that agrees on no table. Nodes with different views disagree about them. */
export interface MemberView {
  readonly names: readonly string[];
  readonly virtualNodes: number;
  readonly pointsPerVirtualNode: number;
}

/** Places on the ring, and who owns which slots. */
export interface Arrangement {
  /** The nodes of each place, the one that serves it first. */
  readonly seats: readonly { readonly name: string; readonly nodes: readonly string[] }[];
  /** By the names of places. Undefined: the owners follow from the points of the hash ring. */
  readonly owners?: readonly SlotRange[] | undefined;
  /** Nodes without a place. */
  readonly others?: Iterable<string>;
}

/** Greetings carry all names, and have a limited length. */
const maxMembers = 1000;
/** The defaults of hash-ring. They are given, and sent in greetings, so that a version with other defaults is noticed. */
const ringOptions = { virtualNodes: 160, pointsPerVirtualNode: 16 };

/** All nodes, and which of them owns which hash slot. */
export class Members {
  readonly self: number;
  readonly #names: string[] = [];
  readonly #ids: string[] = [];
  #nodes: readonly number[] = [];
  #seats: readonly string[] = [];
  #seatOfSlot: Uint16Array = new Uint16Array(slotCount);
  #hasNoSeats = true;
  #owners: Uint16Array = this.#seatOfSlot;
  #primaries: readonly number[] = [];
  #owning: readonly number[] = [];
  #owningSeats: readonly string[] = [];
  #primaryOf: readonly number[] = [];
  #isOutside = false;

  /**
   * `self` may stand among the peers, and a peer twice. `groups`: see cluster-replicas. Throws RangeError for more than
   * 1000 nodes.
   */
  constructor(self: string, peers: readonly string[], groups: readonly (readonly string[])[] = []) {
    const all = [...new Set([self, ...peers])].toSorted(byCode);
    const replicas = new Set(groups.flatMap((group) => group.slice(1)));
    const seats = all.filter((name) => !replicas.has(name));
    for (const name of all) this.#know(name);
    this.self = this.#names.indexOf(self);
    this.arrange({
      seats: seats.map((name) => ({ name, nodes: groups.find(([first]) => first === name) ?? [name] })),
      others: all,
    });
  }

  /** The names of all nodes that were ever members since this one was started. A node's number is its place here. */
  get names(): readonly string[] {
    return this.#names;
  }

  get ids(): readonly string[] {
    return this.#ids;
  }

  get name(): string {
    return this.#names[this.self] as string;
  }

  /** This node has no place on the ring. */
  get isOutside(): boolean {
    return this.#isOutside;
  }

  /** The members at present, in the order of their names. This node is always among them. */
  get nodes(): readonly number[] {
    return this.#nodes;
  }

  /** The places on the ring, sorted. One node serves each at a time. */
  get seats(): readonly string[] {
    return this.#seats;
  }

  /** For each slot a place among `names`; this node while there are no places. Another array when the owners change. */
  get owners(): Uint16Array {
    return this.#owners;
  }

  /** For each seat, the node that serves it: a place among `names`. */
  get primaries(): readonly number[] {
    return this.#primaries;
  }

  /**
   * The primaries of the places that own slots, in the order of the places. A place that joins or leaves may own none.
   * While there are no places, this node: what concerns all slots waits here for them.
   */
  get owning(): readonly number[] {
    return this.#owning;
  }

  /** The places that own slots, sorted. */
  get owningSeats(): readonly string[] {
    return this.#owningSeats;
  }

  /** For each node, the primary of its seat, which may be the node itself. */
  get primaryOf(): readonly number[] {
    return this.#primaryOf;
  }

  get view(): MemberView {
    return { names: this.#nodes.map((node) => this.#names[node] as string), ...ringOptions };
  }

  has(name: string): boolean {
    return this.#nodes.includes(this.#names.indexOf(name));
  }

  /** Takes these nodes for members, until the next arrangement says who they are. */
  add(names: readonly string[]): void {
    this.#setNodes([...this.view.names, ...names]);
  }

  /** Says who the members are from now on. */
  arrange({ seats, owners, others = [] }: Arrangement): void {
    const sorted = seats.toSorted((one, other) => byCode(one.name, other.name));
    this.#setNodes([...sorted.flatMap(({ nodes }) => nodes), ...others]);
    const names = sorted.map(({ name }) => name);
    const isSameRing = owners === undefined && names.join(" ") === this.#seats.join(" ");
    if (!isSameRing) this.#seatOfSlot = owners === undefined ? seatsByPoints(names) : seatsByRanges(names, owners);
    this.#seats = names;
    this.#primaries = sorted.map(({ nodes }) => this.#numberOf(nodes[0] as string));
    const primaryOf = this.#names.map((_, node) => node);
    for (const { nodes } of sorted) {
      for (const node of nodes) primaryOf[this.#numberOf(node)] = this.#numberOf(nodes[0] as string);
    }
    this.#primaryOf = primaryOf;
    this.#isOutside = sorted.every(({ nodes }) => !nodes.includes(this.name));
    this.#updateOwners();
  }

  /** Requests wait meanwhile, also in a ring that was just started, whose code is slow yet: so in one loop. */
  #updateOwners(): void {
    const [before, primaries, seatOfSlot] = [this.#owners, this.#primaries, this.#seatOfSlot];
    const next = new Uint16Array(slotCount);
    const withSlots = new Set<number>();
    // Without places a node owns no slot, although it stands for itself.
    let isOther = (primaries.length === 0) !== this.#hasNoSeats;
    this.#hasNoSeats = primaries.length === 0;
    let last = -1;
    for (let slot = 0; slot < slotCount; slot++) {
      const seat = seatOfSlot[slot] as number;
      const node = primaries[seat] ?? this.self;
      next[slot] = node;
      if (node !== before[slot]) isOther = true;
      if (seat !== last) withSlots.add(seat);
      last = seat;
    }
    // A node of no ring yet stands for itself.
    this.#owning = primaries.length === 0 ? [this.self] : primaries.filter((_, seat) => withSlots.has(seat));
    this.#owningSeats = this.#seats.filter((_, seat) => withSlots.has(seat));
    if (isOther) this.#owners = next;
  }

  /** Whether the place of this name owns a slot. */
  isOwnedBy(slot: number, seat: string): boolean {
    return this.#seats[this.#seatOfSlot[slot] as number] === seat;
  }

  #numberOf(name: string): number {
    return this.#names.indexOf(name);
  }

  #setNodes(names: readonly string[]): void {
    const present = new Set([this.name, ...names]);
    for (const name of present) this.#know(name);
    this.#nodes = [...present].toSorted(byCode).map((name) => this.#numberOf(name));
  }

  #know(name: string): void {
    if (this.#names.includes(name)) return;
    if (this.#names.length >= maxMembers) throw new RangeError(`at most ${maxMembers} nodes can be joined`);
    this.#names.push(name);
    this.#ids.push(nodeId(name));
    this.#primaryOf = [...this.#primaryOf, this.#names.length - 1];
  }
}

const byCode = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const seatsByPoints = (names: readonly string[]): Uint16Array =>
  names.length === 0 ? new Uint16Array(slotCount) : slotTable(new HashRing(names, ringOptions));

function seatsByRanges(names: readonly string[], owners: readonly SlotRange[]): Uint16Array {
  const seatOfSlot = new Uint16Array(slotCount);
  for (const { start, end, owner } of owners) seatOfSlot.fill(names.indexOf(owner), start, end + 1);
  return seatOfSlot;
}

/** Who owns the slots of these places by the points of the hash ring. */
export function ownersByPoints(names: readonly string[]): SlotRange[] {
  const sorted = names.toSorted(byCode);
  const ranges: SlotRange[] = [];
  for (const [slot, seat] of seatsByPoints(sorted).entries()) {
    const owner = sorted[seat] as string;
    const last = ranges.at(-1);
    if (last?.owner === owner) ranges[ranges.length - 1] = { ...last, end: slot };
    else ranges.push({ start: slot, end: slot, owner });
  }
  return ranges;
}

/** The id follows from the name: every node knows it from the start, and it survives restarts. */
export const nodeId = (name: string): string => createHash("sha1").update(name).digest("hex");

/** The names of the owners of all slots in another node's view. Throws RangeError when no ring can be made of it. */
export function ownersInView({ names, virtualNodes, pointsPerVirtualNode }: MemberView): string[] {
  const ring = new HashRing(names, { virtualNodes, pointsPerVirtualNode });
  return Array.from(slotTable(ring), (index) => (ring.nodes[index] as { name: string }).name);
}

export function isSameView(one: MemberView, other: MemberView): boolean {
  return viewText(one) === viewText(other);
}

/** A view as text, to compare and to log. */
export const viewText = ({ names, virtualNodes, pointsPerVirtualNode }: MemberView): string =>
  `${names.join(" ")} (${virtualNodes} virtual nodes of ${pointsPerVirtualNode} points)`;
