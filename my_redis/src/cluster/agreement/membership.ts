import type { Peer } from "./ring-member.ts";
import { renewed, type RingTable, type Seat, withVoters } from "./ring-table.ts";

type Peers = ReadonlyMap<string, Peer>;

/** More voters make a ring no safer, and each change slower. */
const mostVoters = 7;

/** The next step of seats that join or leave, as the leader sees the nodes. */
export function nextMembership(table: RingTable, peers: Peers): RingTable | undefined {
  for (const seat of table.seats) {
    if (seat.membership === "joining" && isThere(seat, peers)) return joined(table, seat);
    const next = seat.membership === "leaving" && isDrained(table, seat) ? left(table, seat) : undefined;
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
  return (
    slots.owners.every(({ owner }) => owner !== name) &&
    slots.moves.every(({ from, to }) => from !== name && to !== name)
  );
}

function stayingVoters({ voters, seats }: RingTable): string[] {
  const leaving = new Set(seats.filter(({ membership }) => membership === "leaving").flatMap(({ nodes }) => nodes));
  return voters.filter((voter) => !leaving.has(voter));
}

const candidates = ({ voters }: RingTable, nodes: readonly string[], staying: readonly string[]): string[] =>
  nodes.filter((node) => !voters.includes(node)).slice(0, Math.max(0, mostVoters - staying.length));

const withVotersIfOther = (table: RingTable, voters: readonly string[]): RingTable =>
  voters.length === table.voters.length ? renewed(table) : withVoters(table, voters);
