export interface RingNode {
  /** 1 to 255 characters. Only the name decides where the node's points are. A typical name is host:port. */
  name: string;
  /** The node's share relative to others, from 0.01 to 100; 1 by default. */
  weight?: number;
}

export interface RingOptions {
  /** Virtual nodes of a node of weight 1: 1 to 10,000; 160 by default. */
  virtualNodes?: number;
  /** Points of each virtual node: 1 to 64; 16 by default. README.md says how they affect the balance. */
  pointsPerVirtualNode?: number;
}

const maxNameLength = 255;
const minWeight = 0.01;
const maxWeight = 100;
const maxVirtualNodes = 10_000;
const maxPointsPerVirtualNode = 64;
/** Points store node indexes in 16 bits. */
const maxNodes = 65_535;
/** This many points use 24 MiB. */
const maxPoints = 4_194_304;

/** @returns the options with their defaults. */
export function checkOptions({ virtualNodes = 160, pointsPerVirtualNode = 16 }: RingOptions): Required<RingOptions> {
  checkCount("virtualNodes", virtualNodes, maxVirtualNodes);
  checkCount("pointsPerVirtualNode", pointsPerVirtualNode, maxPointsPerVirtualNode);
  return { virtualNodes, pointsPerVirtualNode };
}

/** The members with all defaults, sorted by name, because their order must not depend on the caller's. */
export function checkNodes(nodes: Iterable<string | RingNode>, options: Required<RingOptions>): Required<RingNode>[] {
  const members: Required<RingNode>[] = [];
  const names = new Set<string>();
  let points = 0;
  for (const node of nodes) {
    const { name, weight = 1 } = typeof node === "string" ? { name: node } : node;
    checkName(name);
    if (names.has(name)) throw new RangeError(`node ${JSON.stringify(name)} is on the ring twice`);
    checkWeight(name, weight);
    names.add(name);
    members.push({ name, weight });
    points += pointCount(weight, options);
    if (members.length > maxNodes) throw new RangeError(`a ring takes at most ${maxNodes} nodes`);
    if (points > maxPoints)
      throw new RangeError(`a ring takes at most ${maxPoints} points; ${members.length} nodes need more`);
  }
  return members.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The number of points of a node of this weight; at least one. */
export function pointCount(weight: number, { virtualNodes, pointsPerVirtualNode }: Required<RingOptions>): number {
  return Math.max(1, Math.round(weight * virtualNodes * pointsPerVirtualNode));
}

function checkName(name: string): void {
  if (typeof name === "string" && name.length >= 1 && name.length <= maxNameLength) return;
  throw new RangeError(
    `a node's name has 1 to ${maxNameLength} characters, not ${JSON.stringify(name)?.slice(0, 300)}`,
  );
}

function checkWeight(name: string, weight: number): void {
  if (typeof weight === "number" && weight >= minWeight && weight <= maxWeight) return;
  throw new RangeError(
    `the weight of ${JSON.stringify(name)} lies from ${minWeight} to ${maxWeight}, not at ${weight}`,
  );
}

function checkCount(option: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${option} is a whole number from 1 to ${max}, not ${value}`);
}
