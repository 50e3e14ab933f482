import type { Timeline } from "../checker/timeline.ts";
import type { Json, Operation } from "../history/operation.ts";
import type { Decision } from "./model.ts";
import { valueIdentity } from "./value-identity.ts";

/** A value of a register: the operations that wrote and read it, as indexes into the timeline. */
interface Cluster {
  /** -1 for the initial value, which nobody wrote. */
  readonly write: number;
  firstReturn: number;
  firstReturned: number;
  lastCall: number;
  lastCalled: number;
}

/**
 * Decides for a register in linearithmic time, where every written value is written once and nothing is a "cas". After
 * Gibbons and Korach, "Testing Shared Memories" (1997).
 *
 * The zone of a value lies between the first return and the last call of the operations that wrote or read it. If the
 * first return comes before the last call, the register must have had the value throughout the zone; otherwise the
 * operations were all open at one moment inside it, which is enough for them. So two zones of the first sort must
 * not overlap, and one of the second sort must not lie inside one of the first. These conditions are also sufficient.
 *
 * A write with an unknown outcome counts only if its value was read; then it returns never.
 */
export function decideByZones(timeline: Timeline, initial: Json): Decision | undefined {
  const clusters = clustersOf(timeline, initial);
  if (clusters === undefined) return undefined;
  const unexplained = addReads(timeline, clusters);
  if (unexplained !== undefined) return [timeline.operations[unexplained] as Operation];
  const conflict = findConflict(
    [...clusters.values()].filter(({ firstReturn, lastCall }) => firstReturn >= 0 || lastCall >= 0),
  );
  if (conflict === undefined) return "ok";
  const witnesses = conflict.flatMap(({ write, firstReturned, lastCalled }) => [write, firstReturned, lastCalled]);
  return [...new Set(witnesses)].filter((index) => index >= 0).map((index) => timeline.operations[index] as Operation);
}

/** undefined when a value was written twice, or by a "cas". */
function clustersOf({ operations, calledAt, returnedAt }: Timeline, initial: Json): Map<unknown, Cluster> | undefined {
  const unwritten = { write: -1, firstReturn: -1, firstReturned: -1, lastCall: -1, lastCalled: -1 };
  const clusters = new Map<unknown, Cluster>([[valueIdentity(initial), unwritten]]);
  for (const [index, { kind, input }] of operations.entries()) {
    if (kind === "read") continue;
    const value = valueIdentity(input);
    if (kind !== "write" || clusters.has(value)) return undefined;
    const firstReturn = returnedAt[index] as number;
    const lastCall = calledAt[index] as number;
    clusters.set(value, { write: index, firstReturn, firstReturned: index, lastCall, lastCalled: index });
  }
  return clusters;
}

/** Gives a read whose value was never written, or not yet. */
function addReads({ operations, calledAt, returnedAt }: Timeline, clusters: Map<unknown, Cluster>): number | undefined {
  for (const [index, { kind, output, outcome }] of operations.entries()) {
    if (kind !== "read" || outcome !== "returned") continue;
    const cluster = clusters.get(valueIdentity(output));
    const [call, end] = [calledAt[index] as number, returnedAt[index] as number];
    if (cluster === undefined || (cluster.write >= 0 && end < (calledAt[cluster.write] as number))) return index;
    if (end < cluster.firstReturn) [cluster.firstReturn, cluster.firstReturned] = [end, index];
    if (call > cluster.lastCall) [cluster.lastCall, cluster.lastCalled] = [call, index];
  }
  return undefined;
}

/** Two values whose zones exclude each other. */
function findConflict(clusters: readonly Cluster[]): readonly [Cluster, Cluster] | undefined {
  const lasting = clusters.filter(({ firstReturn, lastCall }) => firstReturn < lastCall);
  lasting.sort((left, right) => left.firstReturn - right.firstReturn);
  for (const [index, zone] of lasting.entries()) {
    const next = lasting[index + 1];
    if (next !== undefined && next.firstReturn < zone.lastCall) return [zone, next];
  }
  const momentary = clusters.filter(({ firstReturn, lastCall }) => firstReturn > lastCall);
  momentary.sort((left, right) => left.lastCall - right.lastCall);
  let before = -1;
  for (const zone of momentary) {
    while (before + 1 < lasting.length && (lasting[before + 1] as Cluster).firstReturn < zone.lastCall) before++;
    const around = lasting[before];
    if (around !== undefined && zone.firstReturn < around.lastCall) return [around, zone];
  }
  return undefined;
}
