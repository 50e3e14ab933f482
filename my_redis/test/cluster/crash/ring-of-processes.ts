import { freePorts, temporaryFolder, waitUntil } from "../../../../tools/test-services/index.ts";
import { assignSlots, slotCount } from "hash-ring";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { Members } from "../../../src/cluster/members.ts";
import { type MyRedisProcess, startMyRedis } from "../../crash/my-redis-process.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

/** What INFO cluster says, by its names. */
export type ClusterInfo = ReadonlyMap<string, string>;

/** Where the nodes of a ring run. */
export interface Places {
  readonly host: (node: number) => string;
  /** The words with which a program is started there. */
  readonly enter: (node: number) => readonly string[];
}

export const onThisMachine: Places = { host: () => "127.0.0.1", enter: () => [] };

/** The ports of some nodes. */
export interface NodePorts {
  readonly clients: readonly number[];
  /** Where the nodes reach each other: with tls-cluster, at ports of their own. */
  readonly links: readonly number[];
}

export async function freeNodePorts(count: number, directives: Readonly<Record<string, string>>): Promise<NodePorts> {
  const free = await freePorts(directives["tls-cluster"] === "yes" ? 2 * count : count);
  return { clients: free.slice(0, count), links: free.slice(-count) };
}

/** The directives by which a node listens at its ports. */
export function portDirectives({ clients, links }: NodePorts, node: number): Readonly<Record<string, string>> {
  const [port, linkPort] = [`${clients[node]}`, `${links[node]}`];
  return port === linkPort ? { port } : { port, "tls-port": linkPort };
}

/**
 * Nodes of one ring. Each is a process with its own folder, so that it can be killed and frozen. With replicas, the nodes
 * with places on the ring come first, then their first replicas in the same order, and so on.
 */
export class RingOfProcesses {
  readonly ports: readonly number[];
  readonly folders: readonly string[];
  readonly names: readonly string[];
  readonly #nodePorts: NodePorts;
  readonly #placing: Places;
  readonly #directives: Readonly<Record<string, string>>;
  readonly #owners: Uint16Array;
  readonly seatCount: number;
  /** The index of each port's node among the sorted names. */
  readonly #places: readonly number[];
  readonly processes: (MyRedisProcess | undefined)[] = [];

  private constructor(
    nodePorts: NodePorts,
    directives: Readonly<Record<string, string>>,
    replicas: number,
    placing: Places,
  ) {
    const { clients: ports, links } = nodePorts;
    this.ports = ports;
    this.folders = ports.map(() => temporaryFolder("ring-node"));
    this.#nodePorts = nodePorts;
    const names = links.map((port, node) => `${placing.host(node)}:${port}`);
    this.names = names;
    this.#placing = placing;
    this.seatCount = ports.length / (1 + replicas);
    const seats = names.slice(0, replicas === 0 ? 0 : this.seatCount);
    const groups = seats.map((_, seat) => names.filter((_name, node) => node % this.seatCount === seat));
    const value = groups.map((group) => group.join(" ")).join(", ");
    this.#directives = replicas === 0 ? directives : { "cluster-replicas": value, ...directives };
    const members = new Members(names[0] as string, names, groups);
    if (replicas > 0) {
      const owners = assignSlots(
        seats.map((name) => ({ name })),
        [],
        { slots: slotCount },
      );
      members.arrange({ seats: groups.map((nodes) => ({ name: nodes[0] as string, nodes })), owners });
    }
    this.#owners = members.owners;
    this.#places = names.map((name) => members.names.indexOf(name));
  }

  static async start(
    count: number,
    directives: Readonly<Record<string, string>>,
    replicas = 0,
    placing = onThisMachine,
  ): Promise<RingOfProcesses> {
    const nodes = count * (1 + replicas);
    const ring = new RingOfProcesses(await freeNodePorts(nodes, directives), directives, replicas, placing);
    await Promise.all(ring.ports.map((_, node) => ring.startNode(node)));
    await ring.untilWhole();
    if (replicas > 0) await ring.untilInSync();
    return ring;
  }

  /** What INFO cluster of a node says; undefined while it does not answer. */
  async info(node: number): Promise<ClusterInfo | undefined> {
    try {
      const connection = await this.connect(node);
      try {
        const { text } = await connection.reply("INFO", "cluster");
        return new Map(text?.split("\r\n").map((line) => line.split(/:(.*)/s, 2) as [string, string]));
      } finally {
        connection.close();
      }
    } catch {
      return undefined;
    }
  }

  /** The node that serves a place, as it says itself; undefined while none does. `except` is not asked: it may be frozen. */
  async primaryOf(seat: number, except = -1): Promise<number | undefined> {
    for (let node = seat; node < this.ports.length; node += this.seatCount) {
      if (node === except) continue;
      const info = await this.info(node);
      const serves = info?.get("cluster_seat_role") === "primary" && Number(info.get("cluster_lease_left_ms")) > 0;
      if (serves) return node;
    }
    return undefined;
  }

  /** Waits until another node than `former` serves a place, and returns it. */
  async untilMoved(seat: number, former: number): Promise<number> {
    let primary: number | undefined;
    await waitUntil(
      async () => {
        primary = await this.primaryOf(seat, former);
        return primary !== undefined;
      },
      { what: `place ${seat} to be served by another node`, timeoutMs: 30_000, intervalMs: 20 },
    );
    return primary as number;
  }

  /** Waits until all nodes of all places, or only those of one place, are in sync. */
  async untilInSync(only?: number): Promise<void> {
    const copies = this.ports.length / this.seatCount;
    for (let seat = 0; seat < this.seatCount; seat++) {
      if (only !== undefined && seat !== only) continue;
      const isInSync = async (): Promise<boolean> => {
        const primary = await this.primaryOf(seat);
        const info = primary === undefined ? undefined : await this.info(primary);
        return info?.get("cluster_seat_in_sync")?.split(" ").length === copies;
      };
      await waitUntil(isInSync, { what: `place ${seat} to be in sync`, timeoutMs: 30_000, intervalMs: 50 });
    }
  }

  async startNode(node: number, directives: Readonly<Record<string, string>> = {}): Promise<void> {
    const own = {
      bind: this.#placing.host(node),
      ...portDirectives(this.#nodePorts, node),
      self: this.names[node] as string,
      peers: this.names.join(" "),
    };
    const folder = this.folders[node] as string;
    this.processes[node] = await startMyRedis(
      folder,
      { ...own, ...this.#directives, ...directives },
      this.#placing.enter(node),
    );
  }

  /** The node (an index into `ports`) that owns a key. */
  ownerOf(key: string): number {
    const bytes = Buffer.from(key);
    return this.#places.indexOf(this.#owners[hashSlot(bytes, 0, bytes.length)] as number);
  }

  /** The node with that name; -1 for none. */
  nodeOf(name: string): number {
    return this.names.indexOf(name);
  }

  connect(node: number): Promise<RespConnection> {
    return RespConnection.open(this.ports[node] as number, `node ${node}`, this.#placing.host(node));
  }

  async kill(node: number, signal: NodeJS.Signals): Promise<void> {
    await this.processes[node]?.process.kill(signal);
  }

  /** Waits until all nodes are connected to each other, and no transaction across nodes is open. */
  async untilWhole(): Promise<void> {
    for (const node of this.ports.keys()) {
      await this.#untilInfo(node, "to be at rest", async (connection, info) => {
        const isWhole = (await connection.reply("DBSIZE")).sign === ":";
        return isWhole && /cluster_transactions_open:0\r/.test(info) && /cluster_locked_keys:0\r/.test(info);
      });
    }
  }

  /** Waits until no node except `away` holds locks. */
  async untilUnlocked(away: number): Promise<void> {
    for (const node of this.ports.keys()) {
      if (node === away) continue;
      await this.#untilInfo(node, "to have no locked key", async (_, info) => /cluster_locked_keys:0\r/.test(info));
    }
  }

  async #untilInfo(
    node: number,
    what: string,
    check: (connection: RespConnection, info: string) => Promise<boolean>,
  ): Promise<void> {
    const connection = await this.connect(node);
    const ask = async (): Promise<boolean> =>
      check(connection, (await connection.reply("INFO", "cluster")).text as string);
    try {
      await waitUntil(ask, { what: `node ${node} ${what}`, timeoutMs: 30_000, intervalMs: 50 });
    } finally {
      connection.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.processes.map(async (each) => {
        await each?.process.kill("SIGCONT");
        await each?.process.stop();
      }),
    );
  }
}

/** One key for each place on the ring, with names that begin with `prefix`. */
export function keysOnAllNodes(ring: RingOfProcesses, prefix: string): string[] {
  return Array.from({ length: ring.seatCount }, (_, node) => {
    for (let number = 0; ; number++) {
      const key = `${prefix}:${number}`;
      if (ring.ownerOf(key) === node) return key;
    }
  });
}
