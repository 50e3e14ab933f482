import { Faults } from "./faults.ts";
import { HandOverOperator } from "./handover-operator.ts";
import { Operator } from "./operator.ts";
import { isSettled, misplaced } from "./slot-witness.ts";
import { SimulatedRing, type SimulationOptions } from "./simulated-ring.ts";

const faultsForMs = 5_000;
/** How soon a ring must be whole after the last fault, and how soon all slots are where they shall be. */
const wholeWithinMs = 6_000;
const movedWithinMs = 20_000;
/** What an operator who looks at a seat that nobody serves waits for. */
const wordAfterMs = 2_500;

/** Runs one schedule. Returns what was violated, in words: nothing when all is well. */
export function simulate(options: SimulationOptions): readonly string[] {
  const ring = new SimulatedRing(options);
  const { problems } = ring.witness;
  const faults = new Faults(ring);
  const operator = new Operator(ring);
  const handOvers = new HandOverOperator(ring);
  ring.start();
  faults.begin();
  if (ring.mode.movesSlots) operator.begin();
  if (ring.mode.handsOver) handOvers.begin();
  ring.runUntil(faultsForMs);
  if (problems.length > 0) return problems;
  faults.end();
  operator.end();
  handOvers.end();
  for (const writer of ring.writers) writer.end();
  heal(ring);
  const half = ring.witness.across.halfDone(ring.witness.newest, (name) => ring.node(name));
  if (problems.length === 0 && half !== undefined) ring.witness.fail(`R15: ${half}`);
  return problems;
}

const openOne = (ring: SimulatedRing): string | undefined =>
  ring.witness.across.openOne(ring.witness.newest, (name) => ring.node(name));

/** Without further faults every seat has to be served again, with all its copies. */
function heal(ring: SimulatedRing): void {
  const { queue, witness, mode } = ring;
  const startMs = queue.nowMs;
  // A replica that came from another seat has data of that one: an empty primary is not appointed beside it.
  if (mode.forgetsData || mode.changesReplicas) queue.after(wordAfterMs, () => sayWord(ring));
  const withinMs = mode.movesSlots ? movedWithinMs : wholeWithinMs;
  while (queue.nowMs < startMs + withinMs) {
    ring.runUntil(queue.nowMs + 50);
    if (witness.problems.length > 0 || isWell(ring, startMs)) return;
  }
  if (!witness.isWhole()) return witness.fail(`R8: the ring is not whole: ${JSON.stringify(witness.newest)}`);
  const problem = misplaced(ring) ?? "nobody answers";
  const open = openOne(ring);
  if (open !== undefined) return witness.fail(`R16: ${open}`);
  witness.fail(`${isSettled(ring) ? "R10" : "R11"}: ${problem}: ${JSON.stringify(witness.newest)}`);
}

function isWell(ring: SimulatedRing, sinceMs: number): boolean {
  const { witness, clients } = ring;
  const isWritten = (slot: number): boolean =>
    clients.some(({ writtenAtMs }) => (writtenAtMs.get(slot) ?? 0) > sinceMs);
  if (!witness.isWhole() || !isSettled(ring) || misplaced(ring) !== undefined) return false;
  if (openOne(ring) !== undefined) return false;
  const { seats, slots } = witness.newest;
  // Of each seat that has slots, one is enough.
  if (slots === undefined) return seats.every((_, place) => isWritten(place));
  return slots.owners.every(({ start, end }) => {
    for (let slot = start; slot <= end; slot++) if (isWritten(slot)) return true;
    return false;
  });
}

/** An operator gives seats that nobody serves to the node that has the most. */
function sayWord(ring: SimulatedRing): void {
  const { witness, queue } = ring;
  for (const { name, nodes } of witness.newest.seats) {
    if (witness.servingNode(name) !== undefined) continue;
    const writesOf = (node: string): number => ring.node(node).process?.copy.entries.length ?? 0;
    const node = nodes.toSorted((one, other) => writesOf(other) - writesOf(one))[0]!;
    ring.note(() => `an operator appoints ${node} for ${name}`);
    witness.words.add(name);
    for (const each of ring.nodes) each.inProcess((process) => process.take({ type: "appoint", seat: name, node }));
  }
  queue.after(500, () => sayWord(ring));
}
