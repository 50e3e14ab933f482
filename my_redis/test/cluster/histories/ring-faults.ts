import { readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "../../../../tools/seeded-random.ts";
import type { RingOfProcesses } from "../crash/ring-of-processes.ts";
import type { CutNetwork } from "./cut-network.ts";
import type { SilentNodes } from "./silent-nodes.ts";

export interface FaultedRing {
  readonly ring: RingOfProcesses;
  readonly network: CutNetwork | undefined;
  readonly nodeTimeoutMs: number;
  readonly random: SeededRandom;
  readonly silentNodes: SilentNodes;
}

/** About as long as a node needs for all data of its place. */
const fullSyncMs = 600;

/** Does something to a ring that is whole, undoes it, and says what it was. */
type Fault = (ring: FaultedRing) => Promise<string>;

const asText = (nodes: readonly number[]): string => `node${nodes.length > 1 ? "s" : ""} ${nodes.join(", ")}`;
const allNodes = ({ ring }: FaultedRing): number[] => [...ring.ports.keys()];
/** Nodes that come and go are on the side of the others, too: so a minority stays one while they are members. */
const othersThan = ({ ring, network }: FaultedRing, nodes: readonly number[]): number[] =>
  [...(network?.nodes ?? ring.ports.keys())].filter((node) => !nodes.includes(node));

/** A node that matters more often than others: the primary of a place, the leader, or any. */
async function victim(faulted: FaultedRing): Promise<number> {
  const { random, ring } = faulted;
  const any = random.below(ring.ports.length);
  const kind = random.below(4);
  if (kind === 0) return any;
  if (kind === 1) return (await leader(faulted)) ?? any;
  return (await ring.primaryOf(random.below(ring.seatCount))) ?? any;
}

async function leader({ ring }: FaultedRing): Promise<number | undefined> {
  const name = (await ring.info(0))?.get("cluster_leader") ?? "";
  const node = ring.nodeOf(name);
  return node < 0 ? undefined : node;
}

/** From a moment to two node timeouts, so that it is as often noticed as it is not. */
const duration = ({ nodeTimeoutMs, random }: FaultedRing): number => random.between(50, 2.5 * nodeTimeoutMs);

async function kill(faulted: FaultedRing): Promise<string> {
  const { ring } = faulted;
  const [node, forMs] = [await victim(faulted), duration(faulted)];
  await ring.kill(node, "SIGKILL");
  await Bun.sleep(forMs);
  await ring.startNode(node);
  return `${asText([node])} killed, started again after ${forMs} ms`;
}

async function freeze(faulted: FaultedRing): Promise<string> {
  const { ring } = faulted;
  const [node, forMs] = [await victim(faulted), duration(faulted)];
  await ring.kill(node, "SIGSTOP");
  await Bun.sleep(forMs);
  await ring.kill(node, "SIGCONT");
  return `${asText([node])} frozen for ${forMs} ms`;
}

/** A power failure of one node: the end of its log is lost. What it has acknowledged, its replica has. */
async function loseTail(faulted: FaultedRing): Promise<string> {
  const { ring, random } = faulted;
  const node = await victim(faulted);
  await ring.kill(node, "SIGKILL");
  const folder = join(ring.folders[node] as string, "appendonlydir");
  const logs = readdirSync(folder).filter((name) => name.endsWith(".incr.aof"));
  const last = join(folder, logs.toSorted((one, other) => sequenceOf(one) - sequenceOf(other)).at(-1) as string);
  const { size } = statSync(last);
  const lostBytes = Math.min(size, random.below(20_000));
  truncateSync(last, size - lostBytes);
  await ring.startNode(node);
  return `${asText([node])} killed, and started again without the last ${lostBytes} bytes of its log`;
}

const sequenceOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1]);

async function loseDisk(faulted: FaultedRing): Promise<string> {
  const { ring } = faulted;
  const node = await victim(faulted);
  await ring.kill(node, "SIGKILL");
  for (const name of readdirSync(ring.folders[node] as string)) {
    rmSync(join(ring.folders[node] as string, name), { recursive: true });
  }
  await ring.startNode(node);
  return `${asText([node])} killed, and started again with an empty disk`;
}

/** A killed node gets all data anew. In the middle of that, it or the node that sends the data is killed or frozen. */
async function faultInFullSync(faulted: FaultedRing): Promise<string> {
  const { ring, nodeTimeoutMs, random } = faulted;
  const seat = random.below(ring.seatCount);
  const primary = (await ring.primaryOf(seat)) ?? seat;
  const replica = (primary + ring.seatCount) % ring.ports.length;
  await ring.kill(replica, "SIGKILL");
  await ring.startNode(replica);
  const afterMs = random.below(fullSyncMs);
  await Bun.sleep(afterMs);
  const [node, side] = random.oneIn(2) ? ([primary, "sends"] as const) : ([replica, "receives"] as const);
  const isKilled = random.oneIn(2);
  await ring.kill(node, isKilled ? "SIGKILL" : "SIGSTOP");
  await Bun.sleep(random.below(2 * nodeTimeoutMs));
  if (isKilled) await ring.startNode(node);
  else await ring.kill(node, "SIGCONT");
  return `${asText([node])}, which ${side} all data of place ${seat}, ${isKilled ? "killed" : "frozen"} ${afterMs} ms after the start of the other`;
}

async function killAll(faulted: FaultedRing): Promise<string> {
  const nodes = allNodes(faulted);
  await Promise.all(nodes.map((node) => faulted.ring.kill(node, "SIGKILL")));
  await Promise.all(nodes.map((node) => faulted.ring.startNode(node)));
  return "all nodes killed and started again";
}

/** Clients reach both sides. The smaller one must be silent when its leases have ended. */
async function partition(faulted: FaultedRing): Promise<string> {
  const { network, nodeTimeoutMs, random, silentNodes } = faulted;
  const [first, ...rest] = allNodes(faulted);
  const size = random.between(1, 3);
  // Of an even number of nodes, half are a majority with the first one among them.
  const candidates = size === 3 ? rest : [first as number, ...rest];
  const few = random.oneIn(2) && size < 3 ? [await victim(faulted)] : random.shuffled(candidates).slice(0, size);
  network?.separate(few, othersThan(faulted, few));
  await Bun.sleep(nodeTimeoutMs);
  silentNodes.begin(few);
  // A request waits for a lease for one node timeout: some are to begin and end meanwhile.
  const forMs = Math.ceil(1.5 * nodeTimeoutMs) + duration(faulted);
  await Bun.sleep(forMs);
  silentNodes.end();
  network?.heal();
  return `${asText(few)} cut off for ${nodeTimeoutMs + forMs} ms`;
}

async function oneWay(faulted: FaultedRing): Promise<string> {
  const { network, random } = faulted;
  const [node, forMs, isMute] = [await victim(faulted), duration(faulted), random.oneIn(2)];
  if (isMute) network?.cut(node, othersThan(faulted, [node]));
  else for (const other of othersThan(faulted, [node])) network?.cut(other, [node]);
  await Bun.sleep(forMs);
  network?.heal();
  return `${asText([node])} ${isMute ? "can send nothing" : "hears nothing"} for ${forMs} ms`;
}

/** Two nodes do not reach each other; all others reach both. */
async function oneLink(faulted: FaultedRing): Promise<string> {
  const { network, random } = faulted;
  const [node, forMs] = [await victim(faulted), duration(faulted)];
  const other = random.pick(othersThan(faulted, [node]));
  network?.separate([node], [other]);
  await Bun.sleep(forMs);
  network?.heal();
  return `nodes ${node} and ${other} cut off from each other for ${forMs} ms`;
}

/** What was lost comes again, late: so links are slow, and messages of before arrive after it. */
async function flapping(faulted: FaultedRing): Promise<string> {
  const { network, nodeTimeoutMs, random } = faulted;
  const [node, times] = [await victim(faulted), random.between(3, 8)];
  for (let time = 0; time < times; time++) {
    network?.separate([node], othersThan(faulted, [node]));
    await Bun.sleep(random.between(10, nodeTimeoutMs / 2));
    network?.heal();
    await Bun.sleep(random.between(10, nodeTimeoutMs / 4));
  }
  return `${asText([node])} cut off ${times} times for a moment`;
}

/** A node is cut off, and others are killed before it is back: it may know what nobody else knows any more. */
async function killWhileCut(faulted: FaultedRing): Promise<string> {
  const { network, ring } = faulted;
  const [cut, forMs] = [await victim(faulted), duration(faulted)];
  network?.separate([cut], othersThan(faulted, [cut]));
  await Bun.sleep(forMs);
  await ring.kill(cut, "SIGKILL");
  network?.heal();
  await ring.startNode(cut);
  return `${asText([cut])} cut off for ${forMs} ms, then killed and started again`;
}

const ofProcesses: readonly Fault[] = [
  kill,
  kill,
  freeze,
  freeze,
  killAll,
  loseTail,
  loseDisk,
  faultInFullSync,
  faultInFullSync,
];
const ofLinks: readonly Fault[] = [partition, partition, partition, oneWay, oneWay, oneLink, flapping, killWhileCut];

/** The faults of a run, in an order that follows from the seed: each of them once before any comes again. */
export function* faultsOf({ network, random }: FaultedRing): Generator<Fault> {
  const all = network === undefined ? ofProcesses : [...ofProcesses, ...ofLinks];
  // However short the run is, a minority is asked.
  if (network !== undefined) yield partition;
  for (;;) yield* random.shuffled(all);
}
