import { firstSlots } from "../../src/cluster/agreement/ring-change.ts";
import type { RingTable, Seat } from "../../src/cluster/agreement/ring-table.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";
import type { Mode } from "./modes.ts";

/** A ring as it begins. */
export interface FirstRing {
  readonly table: RingTable;
  /** Seats that may join. Their nodes run, and belong to no ring yet. */
  readonly spare: readonly Pick<Seat, "name" | "nodes">[];
}

export const slotsOfRing = 12;

export const firstRing = (chance: SeededRandom, mode: Mode): FirstRing =>
  mode.movesSlots ? movingRing(chance, mode) : { table: firstTable(chance, mode), spare: [] };

/** One or two seats of two or three nodes, and sometimes a node that only votes. */
function firstTable(chance: SeededRandom, { acknowledgement, keepsBeforeAnswering, writesAcross }: Mode): RingTable {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  // A seat of one node keeps what was answered only if answers wait for its disk.
  const spanning =
    keepsBeforeAnswering && acknowledgement === "replica"
      ? [
          [2, 2],
          [3, 2],
          [1, 2, 2],
        ]
      : [
          [2, 2],
          [3, 2],
          [2, 2],
        ];
  const shape = chance.pick(writesAcross ? spanning : [[3], [2], [2, 2], [3], [2, 2], [5]]);
  const seated = shape.reduce((sum, count) => sum + count, 0);
  const voters = names.slice(0, Math.max(3, seated + (chance.happens(0.3) ? 1 : 0)));
  const seats = seatsOf(shape, "n").map(newSeat);
  const table = { version: 0, voters: voters.slice(0, 5), formerVoters: undefined, acknowledgement, seats };
  return writesAcross ? { ...table, slots: firstSlots(seats, { slots: slotsOfRing, batch: 1 }) } : table;
}

/** One to three seats of one or two nodes, and one or two that may join. */
function movingRing(chance: SeededRandom, { acknowledgement, oneFaultAtATime }: Mode): FirstRing {
  const shape = chance.pick(oneFaultAtATime ? [[2], [2, 2]] : [[2], [2, 1], [2, 2], [1, 1, 1], [1, 1]]);
  const seats = seatsOf(shape, "n").map(newSeat);
  const extra = oneFaultAtATime ? ["v1"] : chance.pick([[], ["v1", "v2"]]);
  const voters = [...seats.flatMap(({ nodes }) => nodes), ...extra];
  const slots = firstSlots(seats, { slots: slotsOfRing, batch: chance.pick([1, 2, 3]) });
  const spare = seatsOf(chance.pick(oneFaultAtATime ? [[2]] : [[1], [2], [1, 2]]), "m");
  return { table: { version: 0, voters, formerVoters: undefined, acknowledgement, seats, slots }, spare };
}

/** So many nodes for each seat. */
function seatsOf(shape: readonly number[], prefix: string): { name: string; nodes: readonly string[] }[] {
  let last = 0;
  return shape.map((count, index) => ({
    name: `seat ${prefix === "n" ? "" : prefix}${index + 1}`,
    nodes: Array.from({ length: count }, () => `${prefix}${++last}`),
  }));
}

function newSeat({ name, nodes }: Pick<Seat, "name" | "nodes">): Seat {
  const primary = { node: nodes[0]!, run: 0 };
  return { name, nodes, primary, epoch: 0, revision: 0, inSync: [primary] };
}
