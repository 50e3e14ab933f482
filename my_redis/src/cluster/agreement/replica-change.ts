import { isGone } from "./gone.ts";
import type { LeaderView } from "./peer.ts";
import { withoutVoter } from "./membership.ts";
import { allNodesOf, renewed, type RingTable, type Seat } from "./ring-table.ts";

/** What an operator asks about replicas of a seat that exists. */
export type ReplicaRequest =
  /** The node becomes a replica of the seat. It may be one of another seat. */
  | { readonly type: "replicate"; readonly seat: string; readonly node: string }
  /** The replica leaves. */
  | { readonly type: "dismiss"; readonly node: string };

const seatWith = ({ seats }: RingTable, node: string): Seat | undefined =>
  seats.find((seat) => allNodesOf(seat).includes(node));

/** Why a replica cannot come or go now, or undefined. */
export function whyNotReplica(
  table: RingTable,
  request: ReplicaRequest,
  { peers, timing, nowMs }: LeaderView,
): string | undefined {
  const { node } = request;
  const present = seatWith(table, node);
  if (request.type === "replicate") {
    const seat = table.seats.find(({ name }) => name === request.seat);
    if (seat === undefined)
      return `no place ${request.seat} in the ring: there are ${table.seats.map(({ name }) => name).join(", ")}`;
    if (seat.membership === "leaving") return `place ${seat.name} is leaving`;
    if (present === seat) return `node ${node} is a node of place ${seat.name} already`;
  } else if (present === undefined) return `node ${node} is not in the ring`;
  if (present === undefined) return undefined;
  const { name, primary, nodes } = present;
  if (primary.node === node) {
    return `node ${node} is the primary of place ${name}: it is no replica, unless another one takes its place over (CLUSTER FAILOVER)`;
  }
  // It may be the only one that has what the primary had.
  const peer = peers.get(primary.node);
  const isLost = nodes.includes(node) && (peer === undefined || isGone(present, peer, timing, nowMs));
  return isLost
    ? `the primary ${primary.node} of place ${name} does not answer: ${node} may have to take its place`
    : undefined;
}

/** The table with which the change begins. A node that changes its seat goes on voting. */
export function replicaChanged(table: RingTable, request: ReplicaRequest): RingTable {
  const { node } = request;
  const seats = table.seats.map((seat) => {
    const rest = without(seat, node);
    const isWanted = request.type === "replicate" && seat.name === request.seat;
    return isWanted ? { ...rest, awaited: [...(rest.awaited ?? []), node] } : rest;
  });
  const next = { ...table, seats };
  return request.type === "replicate" ? renewed(next) : withoutVoter(next, node);
}

/** Writes wait for it no longer, once its primary has learned of this revision. */
function without(seat: Seat, node: string): Seat {
  const { awaited, ...rest } = seat;
  const others = awaited?.filter((each) => each !== node) ?? [];
  const left = others.length === 0 ? rest : { ...rest, awaited: others };
  if (!seat.nodes.includes(node)) return left;
  return {
    ...left,
    nodes: seat.nodes.filter((each) => each !== node),
    inSync: seat.inSync.filter((copy) => copy.node !== node),
    revision: seat.revision + 1,
  };
}
