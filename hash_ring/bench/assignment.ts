import { assignSlots, HashRing, slotCount, slotTable, type SlotRange } from "../index.ts";
import { finalize, murmur3 } from "../src/murmur3.ts";

/**
 * Compares ways to give 16,384 slots to nodes, and prints the table of the decision about it. Usage: bun
 * hash_ring/bench/assignment.ts
 */
type Owners = readonly string[];
/** The owners of all slots, for these names and what was before. */
type Method = (names: readonly string[], before: Owners | undefined) => Owners;

const tolerance = 1.1;
const changes = 200;

const methods: Readonly<Record<string, Method>> = {
  "2,560 points per node": (names) => pointOwners(names, 16),
  "160 points per node": (names) => pointOwners(names, 1),
  "160 points, bounded loads": boundedLoads,
  "jump hash": (names) => fromSlots((slot) => names[jump(finalize(slot), names.length)]!),
  rendezvous: (names) => fromSlots((slot) => highest(names, (name) => finalize(murmur3(name) ^ finalize(slot)))),
  "stored, one slot at a time": (names, before) => storedSingly(names, before),
  assignSlots: (names, before) => ownersIn(assignSlots(names, before === undefined ? [] : rangesIn(before))),
};

/** Moved slots are in parts of what has to move: the share of the new node, or the slots of the one that left. */
function measure(name: string, count: number): string {
  const method = methods[name]!;
  const names = Array.from({ length: count }, (_, at) => `10.0.0.${at}:6379`);
  const first = method(names, undefined);
  const more = [...names, "10.0.1.1:6379"];
  const joined = movedSlots(first, method(more, first)) / (slotCount / more.length);
  const gone = names[Math.floor(count / 2)]!;
  const rest = names.filter((each) => each !== gone);
  const left = movedSlots(first, method(rest, first)) / first.filter((owner) => owner === gone).length;
  const figures = [percent(worst(first, names)), rangesIn(first).length, joined.toFixed(2), left.toFixed(2)];
  return `| ${[name, count, ...figures, afterChanges(method, names, first)].join(" | ")} |`;
}

/** Nodes join and leave in turn. */
function afterChanges(method: Method, names: readonly string[], first: Owners): string {
  let [members, owners] = [names, first];
  for (let change = 0; change < changes; change++) {
    const leaver = members[finalize(change) % members.length];
    members = change % 2 === 0 ? [...members, `10.0.2.${change}:6379`] : members.filter((each) => each !== leaver);
    owners = method(members, owners);
  }
  return `${percent(worst(owners, members))}, ${rangesIn(owners).length}`;
}

function pointOwners(names: readonly string[], pointsPerVirtualNode: number): Owners {
  const ring = new HashRing(names, { pointsPerVirtualNode });
  return Array.from(slotTable(ring), (index) => ring.nodes[index]!.name);
}

/** A slot goes to the first node along the ring that is not full (Mirrokni, Thorup, Zadimoghaddam 2016). */
function boundedLoads(names: readonly string[]): Owners {
  const ring = new HashRing(names, { pointsPerVirtualNode: 1 });
  const { positions, nodeIndexes } = ring.points;
  const most = Math.ceil((slotCount / names.length) * tolerance);
  const loads = names.map(() => 0);
  let first = 0;
  return fromSlots((slot) => {
    while (first < positions.length && positions[first]! < slot * (2 ** 32 / slotCount)) first++;
    for (let at = first; ; at++) {
      const node = nodeIndexes[at % positions.length]!;
      if (loads[node]! >= most) continue;
      loads[node]!++;
      return ring.nodes[node]!.name;
    }
  });
}

/** Lamping and Veach 2014: it knows numbers of nodes, and only the last one can leave. */
function jump(key: number, buckets: number): number {
  let [state, bucket, next] = [BigInt(key), -1, 0];
  while (next < buckets) {
    bucket = next;
    state = (state * 2862933555777941757n + 1n) & 0xffffffffffffffffn;
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return bucket;
}

/** As little moves as with assignSlots, but each slot comes from whoever has the most at that time. */
function storedSingly(names: readonly string[], before: Owners | undefined): Owners {
  const owners: (string | undefined)[] = fromSlots((slot) => before?.[slot] ?? "");
  const counts = new Map(names.map((name) => [name, owners.filter((owner) => owner === name).length]));
  const fewest = (): string => highest(names, (name) => -counts.get(name)!);
  const give = (slot: number): void => {
    const to = fewest();
    owners[slot] = to;
    counts.set(to, counts.get(to)! + 1);
  };
  for (const [slot, owner] of owners.entries()) if (!counts.has(owner!)) give(slot);
  for (;;) {
    const full = highest(names, (name) => counts.get(name)!);
    if (counts.get(full)! - counts.get(fewest())! <= 1) return owners as string[];
    counts.set(full, counts.get(full)! - 1);
    give(owners.indexOf(full));
  }
}

const fromSlots = (ownerOf: (slot: number) => string): string[] =>
  Array.from({ length: slotCount }, (_, slot) => ownerOf(slot));

function highest(names: readonly string[], score: (name: string) => number): string {
  let [best, most] = ["", Number.NEGATIVE_INFINITY];
  for (const name of names) {
    const own = score(name);
    if (own > most) [best, most] = [name, own];
  }
  return best;
}

function rangesIn(owners: Owners): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (const [slot, owner] of owners.entries()) {
    const last = ranges.at(-1);
    if (last?.owner === owner) ranges[ranges.length - 1] = { ...last, end: slot };
    else ranges.push({ start: slot, end: slot, owner });
  }
  return ranges;
}

function ownersIn(ranges: readonly SlotRange[]): Owners {
  const owners = new Array<string>(slotCount).fill("");
  for (const { start, end, owner } of ranges) owners.fill(owner, start, end + 1);
  return owners;
}

const movedSlots = (before: Owners, after: Owners): number =>
  before.filter((owner, slot) => owner !== after[slot]).length;

function worst(owners: Owners, names: readonly string[]): number {
  const share = slotCount / names.length;
  return Math.max(...names.map((name) => Math.abs(owners.filter((owner) => owner === name).length / share - 1)));
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)}%`;

console.log(
  "| way | nodes | worst node | ranges | moved by a join | moved by a leave | after many changes: worst, ranges |",
);
console.log("| :-- | --: | --: | --: | --: | --: | --: |");
for (const nodes of [3, 10, 100]) for (const name of Object.keys(methods)) console.log(measure(name, nodes));
