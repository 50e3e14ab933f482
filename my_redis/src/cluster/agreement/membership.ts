import type { Peer } from "./ring-member.ts";
import { renewed, type RingTable, type Seat, withVoters } from "./ring-table.ts";

type Peers = ReadonlyMap<string, Peer>;

/** More voters make a ring no safer, and each change slower. */
export const mostVoters = 7;

/** The next step of seats that join or leave, as the leader sees the nodes. `heardSinceMs`: whom it heard earlier is gone. */
export function nextMembership(table: RingTable, peers: Peers, heardSinceMs: number): RingTable | undefined {
  for (const seat of table.seats) {
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

function joined(table: RingTable, joining: Seat): RingTable {
  const { membership: _, ...seat } = joining;
  const seats = table.seats.map((each) => (each === joining ? seat : each));
  const staying = stayingVoters(table);
  return withVotersIfOther({ ...table, seats }, [...staying, ...candidates(table, [...joining.nodes], staying)]);
}

/** A seat without slots goes when none of its nodes votes any more. */
function left(table: RingTable, leaving: Seat): RingTable | undefined {
  if (!leaving.nodes.some((node) => table.voters.includes(node))) {
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
  return slots.owners.every(({ owner }) => owner !== name) && slots.moves.every(({ to }) => to !== name);
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
  const leaving = new Set(seats.filter(({ membership }) => membership === "leaving").flatMap(({ nodes }) => nodes));
  return voters.filter((voter) => !leaving.has(voter));
}

const candidates = ({ voters }: RingTable, nodes: readonly string[], staying: readonly string[]): string[] =>
  nodes.filter((node) => !voters.includes(node)).slice(0, Math.max(0, mostVoters - staying.length));

const withVotersIfOther = (table: RingTable, voters: readonly string[]): RingTable =>
  voters.length === table.voters.length ? renewed(table) : withVoters(table, voters);
