import type { Peer } from "./peer.ts";
import { allNodesOf, renewed, type RingTable, type Seat, withVoters } from "./ring-table.ts";

type Peers = ReadonlyMap<string, Peer>;

/** More voters make a ring no safer, and each change slower. */
export const mostVoters = 7;

/** The next step of seats that join or leave, as the leader sees the nodes. `heardSinceMs`: whom it heard earlier is gone. */
export function nextMembership(table: RingTable, peers: Peers, heardSinceMs: number): RingTable | undefined {
  for (const seat of table.seats) {
    const isFollowed = seat.epoch > 0 && seat.membership !== "leaving";
    const replica = isFollowed ? seat.awaited?.find((node) => mayFollow(peers.get(node))) : undefined;
    if (replica !== undefined) return withReplica(table, seat, replica);
    if (seat.membership === "joining" && isThere(seat, peers)) return joined(table, seat);
    if (seat.membership !== "leaving" || !isDrained(table, seat) || isClearing(seat, peers, heardSinceMs)) continue;
    const next = left(table, seat);
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Somebody who was never heard would count against every majority. */
const isThere = ({ nodes, epoch }: Seat, peers: Peers): boolean =>
  epoch > 0 && nodes.every((node) => (peers.get(node)?.run ?? 0) > 0);

/** A node that was heard, and has no keys but those of an earlier place in a ring: a replica gives up what it has. */
const mayFollow = (peer: Peer | undefined): boolean =>
  peer !== undefined && peer.run > 0 && (!peer.holdsKeys || peer.position.epoch > 0);

/** It follows the primary from now on. It is in sync, and may take the place over, once the primary says so. */
function withReplica(table: RingTable, seat: Seat, node: string): RingTable {
  const { awaited = [], ...rest } = seat;
  const others = awaited.filter((each) => each !== node);
  const next = { ...rest, ...(others.length === 0 ? {} : { awaited: others }), nodes: [...seat.nodes, node] };
  const seats = table.seats.map((each) => (each.name === seat.name ? { ...next, revision: seat.revision + 1 } : each));
  const { voters } = table;
  return withVotersIfOther({ ...table, seats }, [...voters, ...candidates(table, [node], voters)]);
}

function joined(table: RingTable, joining: Seat): RingTable {
  const { membership: _, ...seat } = joining;
  const seats = table.seats.map((each) => (each === joining ? seat : each));
  const staying = stayingVoters(table);
  return withVotersIfOther({ ...table, seats }, [...staying, ...candidates(table, [...joining.nodes], staying)]);
}

/** A seat without slots goes when none of its nodes votes any more. */
function left(table: RingTable, leaving: Seat): RingTable | undefined {
  if (!allNodesOf(leaving).some((node) => table.voters.includes(node))) {
    return { ...renewed(table), seats: table.seats.filter((seat) => seat !== leaving) };
  }
  const staying = stayingVoters(table);
  const others = table.seats.filter(({ membership }) => membership === undefined).flatMap(({ nodes }) => nodes);
  const voters = [...staying, ...candidates(table, others, staying)];
  // While the seats that stay are still joining, somebody has to decide.
  return voters.length === 0 ? undefined : withVoters(table, voters);
}

function isDrained({ slots }: RingTable, { name }: Seat): boolean {
  if (slots === undefined) return true;
  return (
    slots.owners.every(({ owner }) => owner !== name) &&
    slots.moves.every(({ from, to }) => from !== name && to !== name)
  );
}

/**
 * Whether the primary still removes the keys that have moved away. It may do so as long as it has its place, and is to be empty when
 * it comes back. What was never the ring's stays: a seat without an epoch has kept its own keys.
 */
function isClearing({ epoch, primary }: Seat, peers: Peers, heardSinceMs: number): boolean {
  const peer = peers.get(primary.node);
  return epoch > 0 && peer?.run === primary.run && peer.holdsKeys && peer.heardAtMs >= heardSinceMs;
}

/** Whether nothing but the keys that have moved away keeps a seat on the ring. */
export const isOnlyClearing = (table: RingTable, seat: Seat, peers: Peers): boolean =>
  seat.membership === "leaving" && isDrained(table, seat) && isClearing(seat, peers, Number.NEGATIVE_INFINITY);

function stayingVoters({ voters, seats }: RingTable): string[] {
  const leaving = new Set(seats.filter(({ membership }) => membership === "leaving").flatMap(allNodesOf));
  return voters.filter((voter) => !leaving.has(voter));
}

/** As a further version, without this voter, which no longer belongs to a seat. Another node may vote in its place. */
export function withoutVoter(table: RingTable, leaving: string): RingTable {
  const staying = table.voters.filter((voter) => voter !== leaving);
  const others = table.seats.filter(({ membership }) => membership === undefined).flatMap(({ nodes }) => nodes);
  return withVotersIfOther(table, [...staying, ...candidates(table, others, staying)]);
}

const candidates = ({ voters }: RingTable, nodes: readonly string[], staying: readonly string[]): string[] =>
  nodes.filter((node) => !voters.includes(node)).slice(0, Math.max(0, mostVoters - staying.length));

const withVotersIfOther = (table: RingTable, voters: readonly string[]): RingTable =>
  voters.length === table.voters.length && voters.every((voter) => table.voters.includes(voter))
    ? renewed(table)
    : withVoters(table, voters);
