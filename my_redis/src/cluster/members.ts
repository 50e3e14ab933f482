import { createHash } from "node:crypto";
import { HashRing, slotTable } from "hash-ring";

/** All that decides the owners of slots. Nodes with different views disagree about them. */
export interface MemberView {
  readonly names: readonly string[];
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
  /** For each slot a place among `names`. */
  readonly owners: Uint16Array;
  readonly virtualNodes = ringOptions.virtualNodes;
  readonly pointsPerVirtualNode = ringOptions.pointsPerVirtualNode;

  /** `self` may stand among the peers, and a peer twice. Throws RangeError for more than 1000 nodes. */
  constructor(self: string, peers: readonly string[]) {
    const ring = new HashRing(new Set([self, ...peers]), ringOptions);
    this.names = ring.nodes.map(({ name }) => name);
    if (this.names.length > maxMembers) throw new RangeError(`at most ${maxMembers} nodes can be joined`);
    this.ids = this.names.map(nodeId);
    this.self = this.names.indexOf(self);
    this.owners = slotTable(ring);
  }
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
