import { isGone } from "./gone.ts";
import { handedOver } from "./handing.ts";
import { nextMembership } from "./membership.ts";
import { nextMove } from "./moves.ts";
import type { Peer } from "./peer.ts";
import type { Position } from "./position.ts";
import {
  type Copy,
  isSameCopy,
  type RingTable,
  type Seat,
  withInSync,
  withoutFormerVoters,
  withPrimary,
} from "./ring-table.ts";
import type { RingTiming } from "./ring-timing.ts";

type Peers = ReadonlyMap<string, Peer>;

/** The next change that the table needs, as the leader sees the nodes. */
export function nextTable(table: RingTable, peers: Peers, timing: RingTiming, nowMs: number): RingTable | undefined {
  if (table.formerVoters !== undefined) return withoutFormerVoters(table);
  for (const seat of table.seats) {
    const next = nextSeat(table, seat, peers, timing, nowMs);
    if (next !== undefined) return next;
  }
  return nextMembership(table, peers, nowMs - timing.silenceMs) ?? nextMove(table, peers);
}

function nextSeat(
  table: RingTable,
  seat: Seat,
  peers: Peers,
  timing: RingTiming,
  nowMs: number,
): RingTable | undefined {
  const primary = peers.get(seat.primary.node);
  if (primary === undefined || isGone(seat, primary, timing, nowMs)) return appoint(table, seat, peers, timing, nowMs);
  const { wish } = primary;
  const isMeant = wish !== undefined && primary.run === seat.primary.run && wish.revision === seat.revision;
  if (!isMeant) return undefined;
  if (wish.handOver === undefined) return withInSync(table, seat, wish.inSync);
  const to = peers.get(wish.handOver.to.node);
  // It is not asked again: the primary goes on when nobody does it.
  const answers = to?.run === wish.handOver.to.run && nowMs - to.heardAtMs <= timing.majorityMs;
  return answers && !to.diskFails ? handedOver(table, seat, wish.handOver) : undefined;
}

/**
 * The primary is gone. A copy in sync continues, with the most writes of those that answer. One whose disk fails could not
 * serve: it waits for room, and the primary may come back before.
 */
function appoint(table: RingTable, seat: Seat, peers: Peers, timing: RingTiming, nowMs: number): RingTable | undefined {
  const answers = ({ node, run }: Copy): boolean => {
    const peer = peers.get(node);
    return run > 0 && peer?.run === run && nowMs - peer.heardAtMs <= timing.majorityMs;
  };
  const others = seat.inSync.filter((copy) => !isSameCopy(copy, seat.primary));
  const able = others.filter(({ node }) => peers.get(node)?.diskFails !== true);
  const best = furthest(able.filter(answers), peers);
  if (best !== undefined) return withPrimary(table, seat, best, others);
  return appointRestarted(table, seat, peers, answers);
}

/**
 * All copies in sync have ended. When every one of them is back, the one whose disk has kept the most continues: what none
 * of them has is lost in any case. A copy that came back with nothing, not even an epoch, waits for an operator while
 * anybody else may have data.
 */
function appointRestarted(
  table: RingTable,
  seat: Seat,
  peers: Peers,
  answers: (copy: Copy) => boolean,
): RingTable | undefined {
  const present = (node: string): Copy => ({ node, run: peers.get(node)?.run ?? 0 });
  const isBack = ({ node, run }: Copy): boolean => present(node).run > run && answers(present(node));
  if (!seat.inSync.every(isBack)) return undefined;
  // A node may have been the primary of a seat that left a moment ago, and not know it yet.
  const isFree = (node: string): boolean => answers(present(node)) && peers.get(node)?.moves === undefined;
  const isNew = seat.membership === "joining" && seat.epoch === 0;
  if (isNew && !seat.nodes.every(isFree)) return undefined;
  const best = furthest(
    seat.inSync.map(({ node }) => present(node)),
    peers,
  );
  if (best === undefined) return undefined;
  const isEmpty = (node: string): boolean => peers.get(node)?.position.epoch === 0;
  // What the primary has sent before its end has arrived by then.
  const backSinceMs = peers.get(seat.primary.node)?.runSinceMs ?? 0;
  const hasToldSince = (node: string): boolean => (peers.get(node)?.answeredMs ?? 0) >= backSinceMs;
  const isEmptyForSure = (node: string): boolean => answers(present(node)) && hasToldSince(node) && isEmpty(node);
  // Keys from before any ring: they lie in slots that others have by now, and a replica would lose them.
  const holdsStrayKeys = (node: string): boolean => isEmpty(node) && peers.get(node)?.holdsKeys === true;
  if (table.slots !== undefined && (isNew ? seat.nodes : [best.node]).some(holdsStrayKeys)) return undefined;
  // A seat that has never had slots has no data: what its nodes have is that of an earlier place.
  const mayBeEmpty = (isNew && table.slots !== undefined) || seat.nodes.every(isEmptyForSure);
  if (isEmpty(best.node) && !mayBeEmpty) return undefined;
  return withPrimary(table, seat, best, [best]);
}

/** An operator's word: the node continues with whatever it has, unless the present primary answers. */
export function appointByWord(
  table: RingTable,
  { seat: name, node }: { readonly seat: string; readonly node: string },
  peers: Peers,
  { timing, nowMs }: { readonly timing: RingTiming; readonly nowMs: number },
): RingTable | undefined {
  const seat = table.seats.find((each) => each.name === name);
  const [peer, primary] = [peers.get(node), peers.get(seat?.primary.node ?? "")];
  if (seat === undefined || peer === undefined || peer.run === 0 || !seat.nodes.includes(node)) return undefined;
  if (seat.isGivenUp) return undefined;
  if (primary !== undefined && !isGone(seat, primary, timing, nowMs)) return undefined;
  const copy = { node, run: peer.run };
  return withPrimary(table, seat, copy, [copy]);
}

function furthest(copies: readonly Copy[], peers: Peers): Copy | undefined {
  const positionOf = ({ node }: Copy): Position => peers.get(node)?.position ?? { epoch: 0, offset: 0 };
  const isFurther = (one: Position, other: Position): boolean =>
    one.epoch > other.epoch || (one.epoch === other.epoch && one.offset > other.offset);
  let best: Copy | undefined;
  for (const copy of copies) if (best === undefined || isFurther(positionOf(copy), positionOf(best))) best = copy;
  return best;
}
