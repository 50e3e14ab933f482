import { Faults } from "./faults.ts";
import { SimulatedRing, type SimulationOptions } from "./simulated-ring.ts";

const faultsForMs = 5_000;
/** How soon a ring must be whole after the last fault. */
const wholeWithinMs = 6_000;
/** What an operator who looks at a seat that nobody serves waits for. */
const wordAfterMs = 2_500;

/** Runs one schedule. Returns what was violated, in words: nothing when all is well. */
export function simulate(options: SimulationOptions): readonly string[] {
  const ring = new SimulatedRing(options);
  const { problems } = ring.witness;
  const faults = new Faults(ring);
  ring.start();
  faults.begin();
  ring.runUntil(faultsForMs);
  if (problems.length > 0) return problems;
  faults.end();
  heal(ring);
  return problems;
}

/** Without further faults every seat has to be served again, with all its copies. */
function heal(ring: SimulatedRing): void {
  const { queue, witness, mode } = ring;
  const startMs = queue.nowMs;
  if (mode.forgetsData) queue.after(wordAfterMs, () => sayWord(ring));
  while (queue.nowMs < startMs + wholeWithinMs) {
    ring.runUntil(queue.nowMs + 50);
    if (witness.problems.length > 0 || isWell(ring, startMs)) return;
  }
  witness.fail(`R8: the ring is not whole: ${JSON.stringify(witness.newest)}`);
}

function isWell({ witness, clients }: SimulatedRing, sinceMs: number): boolean {
  const isWritten = (seat: string): boolean =>
    clients.some(({ writtenAtMs }) => (writtenAtMs.get(seat) ?? 0) > sinceMs);
  return witness.isWhole() && witness.newest.seats.every(({ name }) => isWritten(name));
}

/** An operator gives seats that nobody serves to the node that has the most. */
function sayWord(ring: SimulatedRing): void {
  const { witness, queue } = ring;
  for (const { name, nodes } of witness.newest.seats) {
    if (witness.servingNode(name) !== undefined) continue;
    const writesOf = (node: string): number => ring.node(node).process?.copy.writes.length ?? 0;
    const node = nodes.toSorted((one, other) => writesOf(other) - writesOf(one))[0]!;
    ring.note(() => `an operator appoints ${node} for ${name}`);
    witness.words.add(name);
    for (const each of ring.nodes) each.inProcess((process) => process.take({ type: "appoint", seat: name, node }));
  }
  queue.after(500, () => sayWord(ring));
}
