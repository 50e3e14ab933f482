import { ringProgress } from "../agreement/move-progress.ts";
import { isOnlyClearing } from "../agreement/membership.ts";
import type { Member, Peer } from "../agreement/ring-member.ts";
import type { Seat } from "../agreement/ring-table.ts";
import { countOf } from "../agreement/slot-map.ts";

export interface SeatOfRing {
  readonly name: string;
  readonly primary: string;
  readonly nodes: readonly string[];
  readonly inSync: readonly string[];
  readonly epoch: number;
  readonly weight: number;
  readonly membership: "member" | "joining" | "leaving";
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
    ...table.seats
      .filter((seat) => isOnlyClearing(table, seat, peers))
      .map(({ name, primary }) => `node ${primary.node} of place ${name} to remove the keys that have moved away`),
  ];
  const isChanging = table.formerVoters !== undefined || table.seats.some(({ membership }) => membership !== undefined);
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
    isSettled: waitsFor.length === 0 && !isChanging && table.slots?.goal === undefined,
  };
}

const seatOfRing = (seat: Seat, ranges: readonly { start: number; end: number }[]): SeatOfRing => ({
  ...{ name: seat.name, primary: seat.epoch === 0 ? "" : seat.primary.node, nodes: seat.nodes, epoch: seat.epoch },
  inSync: seat.inSync.map(({ node }) => node),
  weight: seat.weight ?? 1,
  membership: seat.membership ?? "member",
  slots: countOf(ranges),
  ranges: ranges.length,
});

/** Why a place has no primary, or does not get on. */
function waitsOf({ name, nodes, epoch, membership }: Seat, peers: ReadonlyMap<string, Peer>): string[] {
  const silent = nodes.filter((node) => (peers.get(node)?.run ?? 0) === 0);
  if (membership === "joining" || epoch === 0) {
    if (silent.length > 0) return silent.map((node) => `node ${node} of place ${name}: it has not answered yet`);
    const full = nodes.filter((node) => peers.get(node)?.holdsKeys === true && peers.get(node)?.position.epoch === 0);
    if (membership === "joining" && epoch === 0 && full.length > 0) {
      return full.map(
        (node) => `node ${node} of place ${name}: it holds keys. Empty it (FLUSHALL) or take it away again`,
      );
    }
    return epoch === 0 ? [`a primary of place ${name}`] : [`the nodes of place ${name} to vote`];
  }
  return [];
}
