import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Places } from "../crash/ring-of-processes.ts";

/** Gives a program a network of its own: as root, or as root of a user namespace. */
const ways = [
  ["unshare", "--net"],
  ["unshare", "--map-root-user", "--net"],
] as const;
const probe = "ip link add bridge0 type bridge && ip link add port0 type veth peer name port1";

/** The words that start a program in a network of its own; undefined where the system permits that to nobody. */
export function isolation(): readonly string[] | undefined {
  return ways.find(([program, ...words]) => spawnSync(program, [...words, "sh", "-c", probe]).status === 0);
}

const bridge = "bridge0";
/** No node has this address: what is sent there is lost, and nobody is told. */
const nowhere = "02:00:00:00:00:ff";
const hardwareAddress = (node: number): string => `02:00:00:00:00:0${node + 1}`;
const address = (node: number): string => `10.77.0.${node + 1}`;
const ownAddress = "10.77.0.254";

/**
 * Nodes with a network namespace each, on a bridge in the namespace of this process. Each direction between two nodes can
 * be cut: then packets are lost without a sign. This process reaches all of them. It ends with this process.
 */
export class CutNetwork implements Places {
  readonly #holders: readonly number[];

  private constructor(holders: readonly number[]) {
    this.#holders = holders;
  }

  static async create(count: number): Promise<CutNetwork> {
    run(
      ["ip", "-batch", "-"],
      [
        "link set lo up",
        `link add ${bridge} type bridge`,
        `addr add ${ownAddress}/24 dev ${bridge}`,
        `link set ${bridge} up`,
      ],
    );
    const network = new CutNetwork(await Promise.all(Array.from({ length: count }, startHolder)));
    for (const [node, holder] of network.#holders.entries()) {
      run(
        ["ip", "-batch", "-"],
        [
          `link add name eth0 address ${hardwareAddress(node)} netns ${holder} type veth peer name port${node}`,
          `link set port${node} master ${bridge} up`,
        ],
      );
      network.#configure(node, ["link set lo up", `addr add ${address(node)}/24 dev eth0`, "link set eth0 up"]);
    }
    network.heal();
    return network;
  }

  get nodes(): Iterable<number> {
    return this.#holders.keys();
  }

  readonly host = address;

  readonly enter = (node: number): readonly string[] => ["nsenter", `--net=/proc/${this.#holders[node]}/ns/net`];

  /** What `from` sends to these nodes is lost from now on. */
  cut(from: number, to: readonly number[]): void {
    this.#configure(
      from,
      to.map((node) => neighbour(node, nowhere)),
    );
  }

  /** As `cut`, in both directions. */
  separate(some: readonly number[], others: readonly number[]): void {
    for (const node of some) this.cut(node, others);
    for (const node of others) this.cut(node, some);
  }

  heal(): void {
    const nodes = [...this.#holders.keys()];
    for (const from of nodes) {
      this.#configure(
        from,
        nodes.filter((to) => to !== from).map((to) => neighbour(to, hardwareAddress(to))),
      );
    }
  }

  #configure(node: number, lines: readonly string[]): void {
    run([...this.enter(node), "ip", "-batch", "-"], lines);
  }
}

const neighbour = (node: number, place: string): string =>
  `neigh replace ${address(node)} lladdr ${place} nud permanent dev eth0`;

/** A process that only keeps a namespace, until the standard input that it has from this process ends. */
async function startHolder(): Promise<number> {
  const holder = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  holder.unref();
  return holder.pid as number;
}

function run([program, ...words]: readonly string[], lines: readonly string[]): void {
  const { status, stderr } = spawnSync(program as string, words, { input: `${lines.join("\n")}\n`, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")} failed: ${stderr}`);
}
