import { ringProgress } from "../agreement/move-progress.ts";
import { isOnlyClearing } from "../agreement/membership.ts";
import type { Peer } from "../agreement/peer.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { Seat } from "../agreement/ring-table.ts";
import { countOf, type Move } from "../agreement/slot-map.ts";

export interface SeatOfRing {
  readonly name: string;
  readonly primary: string;
  readonly nodes: readonly string[];
  readonly inSync: readonly string[];
  readonly epoch: number;
  readonly weight: number;
  readonly membership: "member" | "joining" | "leaving" | "given up";
  /** Nodes that are to be its replicas, and are not yet. */
  readonly awaited: readonly string[];
  readonly slots: number;
  readonly ranges: number;
}

export interface MoveOfRing {
  readonly from: string;
  readonly to: string;
  readonly slots: number;
  readonly phase: string;
  /** How many parts of the snapshot have come. */
  readonly parts: number;
  readonly retries: number;
}

/** A ring as its leader sees it. */
export interface RingStatus {
  readonly leader: string;
  readonly term: number;
  readonly version: number;
  readonly voters: readonly string[];
  readonly acknowledgement: string;
  readonly seats: readonly SeatOfRing[];
  /** Slots that still have to go to another place, those under way among them. */
  readonly slotsLeft: number;
  readonly moves: readonly MoveOfRing[];
  /** What a change that is under way waits for. */
  readonly waitsFor: readonly string[];
  /** Nodes whose log cannot be written: their disks may be full. */
  readonly failingDisks: readonly string[];
  /** Nothing has changed, and nothing is about to. */
  readonly isSettled: boolean;
}

export function ringStatus(member: Member, peers: ReadonlyMap<string, Peer>): RingStatus {
  const { durable, self, committed } = member;
  const { table } = durable.stored;
  const { slotsLeft, moves } = ringProgress(table, peers);
  const isCommitted = committed?.version === table.version;
  const waitsFor = [
    ...(isCommitted ? [] : [`a majority of ${table.voters.join(", ")} to store table ${table.version}`]),
    ...(table.slots === undefined ? ["a primary of each place, to say whether it holds keys"] : []),
    ...table.seats.flatMap((seat) => waitsOf(seat, peers)),
    ...moves.flatMap(({ move }) => waitsOfMove(move, table.seats, peers)),
    ...table.seats
      .filter((seat) => isOnlyClearing(table, seat, peers))
      .map(({ name, primary }) => `node ${primary.node} of place ${name} to remove the keys that have moved away`),
  ];
  const isSeatChanging = ({ awaited, membership }: Seat): boolean => membership !== undefined || awaited !== undefined;
  const isChanging = table.formerVoters !== undefined || table.seats.some(isSeatChanging);
  return {
    ...{ leader: self, term: durable.term, version: table.version, voters: table.voters },
    acknowledgement: table.acknowledgement,
    seats: table.seats.map((seat) =>
      seatOfRing(seat, table.slots?.owners.filter(({ owner }) => owner === seat.name) ?? []),
    ),
    slotsLeft,
    moves: moves.map(({ move: { from, to, spans, retries }, phase, parts }) => ({
      ...{ from, to, slots: countOf(spans), phase, parts, retries },
    })),
    waitsFor,
    failingDisks: [...peers].flatMap(([node, { diskFails }]) => (diskFails ? [node] : [])),
    isSettled: waitsFor.length === 0 && !isChanging && table.slots?.goal === undefined,
  };
}

const seatOfRing = (seat: Seat, ranges: readonly { start: number; end: number }[]): SeatOfRing => ({
  ...{ name: seat.name, primary: seat.epoch === 0 ? "" : seat.primary.node, nodes: seat.nodes, epoch: seat.epoch },
  inSync: seat.inSync.map(({ node }) => node),
  weight: seat.weight ?? 1,
  membership: seat.isGivenUp ? "given up" : (seat.membership ?? "member"),
  awaited: seat.awaited ?? [],
  slots: countOf(ranges),
  ranges: ranges.length,
});

const fullText = "it holds keys. Stop it, move its folder away and start it again, or remove it from the ring";

/** Why a place has no primary, or does not get on. */
function waitsOf({ awaited = [], name, nodes, epoch, membership }: Seat, peers: ReadonlyMap<string, Peer>): string[] {
  const isSilent = (node: string): boolean => (peers.get(node)?.run ?? 0) === 0;
  const silent = nodes.filter(isSilent);
  const holdsKeys = (node: string): boolean =>
    peers.get(node)?.holdsKeys === true && peers.get(node)?.position.epoch === 0;
  if (awaited.length > 0) {
    return awaited.map((node) =>
      isSilent(node)
        ? `node ${node}, a replica of place ${name}: it has not answered yet`
        : holdsKeys(node)
          ? `node ${node}, a replica of place ${name}: ${fullText}`
          : `node ${node} to become a replica of place ${name}`,
    );
  }
  if (membership === "joining" || epoch === 0) {
    if (silent.length > 0) return silent.map((node) => `node ${node} of place ${name}: it has not answered yet`);
    const full = nodes.filter(holdsKeys);
    if (membership === "joining" && epoch === 0 && full.length > 0) {
      return full.map((node) => `node ${node} of place ${name}: ${fullText}`);
    }
    return epoch === 0 ? [`a primary of place ${name}`] : [`the nodes of place ${name} to vote`];
  }
  return [];
}

/** Why a move does not get on. */
function waitsOfMove({ from, to }: Move, seats: readonly Seat[], peers: ReadonlyMap<string, Peer>): string[] {
  const node = seats.find(({ name }) => name === to)?.primary.node ?? "";
  if (peers.get(node)?.diskFails !== true) return [];
  return [`room on the disk of node ${node}: its log cannot be written, so the move from ${from} waits`];
}
