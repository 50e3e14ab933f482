import { checkNodes, checkOptions, type RingNode, type RingOptions } from "./members.ts";
import { murmur3 } from "./murmur3.ts";
import { placePoints, type RingPoints } from "./points.ts";

/**
 * A ring of 2^32 positions on which every node stands at many points. A key belongs to the first point at or after
 * its own position. Two rings of the same members are the same ring, whatever the order, the process or the machine.
 *
 * A ring never changes: `withNode` and `withoutNode` give a new one, so that code that holds a ring can go on using
 * it, and an update is the swap of a reference.
 */
export class HashRing {
  /** The members in the order of their names. */
  readonly nodes: readonly Required<RingNode>[];
  /** For code that walks the ring itself. */
  readonly points: RingPoints;
  readonly #options: Required<RingOptions>;

  /** @throws RangeError for a duplicate, an empty or too long name, a weight or an option out of its limits */
  constructor(nodes: Iterable<string | RingNode> = [], options: RingOptions = {}) {
    this.#options = checkOptions(options);
    this.nodes = checkNodes(nodes, this.#options);
    this.points = placePoints(this.nodes, this.#options);
  }

  /** A ring with one more node. It takes over about its share of the keys, and no key moves between the others. */
  withNode(node: string | RingNode): HashRing {
    return new HashRing([...this.nodes, node], this.#options);
  }

  /** A ring without this node: its keys go to the successors, and no other key moves. */
  withoutNode(name: string): HashRing {
    const rest = this.nodes.filter((node) => node.name !== name);
    if (rest.length === this.nodes.length) throw new RangeError(`no node ${JSON.stringify(name)} on the ring`);
    return new HashRing(rest, this.#options);
  }

  /** The name of the node that owns a key: a string, or its bytes in UTF-8. */
  owner(key: string | Uint8Array): string {
    return this.#nodeAtPoint(this.#firstPoint(key)).name;
  }

  /** The names of the key's owner and the next `count - 1` other nodes along the ring. */
  owners(key: string | Uint8Array, count: number): string[] {
    if (!Number.isInteger(count) || count < 1 || count > this.nodes.length) {
      throw new RangeError(`can name 1 to ${this.nodes.length} owners on this ring, not ${count}`);
    }
    const names = new Set<string>();
    const pointCount = this.points.positions.length;
    for (let point = this.#firstPoint(key); names.size < count; point = (point + 1) % pointCount) {
      names.add(this.#nodeAtPoint(point).name);
    }
    return [...names];
  }

  /** Binary search for the first point at or after the key; after the last point the ring begins again. */
  #firstPoint(key: string | Uint8Array): number {
    const { positions } = this.points;
    if (positions.length === 0) throw new RangeError("an empty ring has no owners");
    const position = murmur3(key);
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] as number) < position) low = middle + 1;
      else high = middle;
    }
    return low === positions.length ? 0 : low;
  }

  #nodeAtPoint(point: number): Required<RingNode> {
    return this.nodes[this.points.nodeIndexes[point] as number] as Required<RingNode>;
  }
}
