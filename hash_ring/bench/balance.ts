import { HashRing, slotCount, slotTable } from "../index.ts";

/**
 * Measures how even rings of random names are, and prints the table of README.md. Usage: bun hash_ring/bench/balance.ts
 * [sets]
 */
const sets = Number(process.argv[2] ?? 300);
const columns = [
  "nodes",
  "points per virtual node",
  "deviation",
  "worst node",
  "sets within 10%",
  "slot ranges",
  "slots moved by one more node",
];
console.log(`| ${columns.join(" | ")} |\n|${" --: |".repeat(columns.length)}`);
for (const nodeCount of [3, 10, 30]) {
  for (const pointsPerVirtualNode of [1, 4, 8, 16]) console.log(measure(nodeCount, pointsPerVirtualNode));
}

function measure(nodeCount: number, pointsPerVirtualNode: number): string {
  let [squares, worst, within, ranges, moved] = [0, 0, 0, 0, 0];
  for (let set = 0; set < sets; set++) {
    const names = randomNames(nodeCount + 1);
    const after = new HashRing(names, { pointsPerVirtualNode });
    const ring = after.withoutNode(names[0] as string);
    const deviations = shares(ring).map((share) => Math.abs(share * nodeCount - 1));
    const most = Math.max(...deviations);
    squares += deviations.reduce((sum, deviation) => sum + deviation ** 2, 0) / nodeCount;
    worst = Math.max(worst, most);
    within += most < 0.1 ? 1 : 0;
    ranges += countRanges(slotTable(ring));
    moved += countMoved(ring, after) / slotCount;
  }
  const figures = [percent(Math.sqrt(squares / sets)), percent(worst), percent(within / sets)];
  const slots = [Math.round(ranges / sets), `${percent(moved / sets)} (ideal ${percent(1 / (nodeCount + 1))})`];
  return `| ${[nodeCount, pointsPerVirtualNode, ...figures, ...slots].join(" | ")} |`;
}

function randomNames(count: number): string[] {
  const names = new Set<string>();
  while (names.size < count) {
    const number = Math.floor(Math.random() * 2 ** 16);
    names.add(Math.random() < 0.5 ? `127.0.0.1:${number}` : `node-${number}`);
  }
  return [...names];
}

function shares({ nodes, points: { positions, nodeIndexes } }: HashRing): number[] {
  const owned = nodes.map(() => 0);
  let previous = (positions.at(-1) as number) - 2 ** 32;
  for (const [point, position] of positions.entries()) {
    owned[nodeIndexes[point] as number]! += (position - previous) / 2 ** 32;
    previous = position;
  }
  return owned;
}

function countRanges(table: Uint16Array): number {
  return table.reduce((ranges, owner, slot) => ranges + (owner === table[slot - 1] ? 0 : 1), 0);
}

function countMoved(before: HashRing, after: HashRing): number {
  const [tableBefore, tableAfter] = [slotTable(before), slotTable(after)];
  const nameIn = (ring: HashRing, index: number | undefined) => ring.nodes[index as number]?.name;
  return tableBefore.filter((owner, slot) => nameIn(before, owner) !== nameIn(after, tableAfter[slot])).length;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}
