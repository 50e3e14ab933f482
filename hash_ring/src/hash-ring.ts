import { checkNodes, checkOptions, type RingNode, type RingOptions } from "./members.ts";
import { murmur3 } from "./murmur3.ts";
import { placePoints, type RingPoints } from "./points.ts";

/**
 * A ring of 2^32 positions on which every node has many points. A key belongs to the first point at or after its own
 * position. Rings with the same members are equal, whatever the order, the process or the machine.
 *
 * A ring never changes: `withNode` and `withoutNode` return a new one. So code that holds a ring can go on using it,
 * and an update is the exchange of one reference.
 */
export class HashRing {
  /** The members in the order of their names. */
  readonly nodes: readonly Required<RingNode>[];
  /** The points, for code that walks the ring itself. */
  readonly points: RingPoints;
  readonly #options: Required<RingOptions>;

  /** @throws RangeError for a duplicate, an empty or too long name, or a weight or option out of its limits */
  constructor(nodes: Iterable<string | RingNode> = [], options: RingOptions = {}) {
    this.#options = checkOptions(options);
    this.nodes = checkNodes(nodes, this.#options);
    this.points = placePoints(this.nodes, this.#options);
  }

  /** A ring with one more node. The node takes over about its share of the keys. No key moves between the others. */
  withNode(node: string | RingNode): HashRing {
    return new HashRing([...this.nodes, node], this.#options);
  }

  /** A ring without this node. Its keys move to the successors, and no other key moves. */
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

  /** Binary search for the first point at or after the key. After the last point comes the first one again. */
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
