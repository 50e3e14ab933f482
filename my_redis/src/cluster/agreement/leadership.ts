import { nextTable } from "./appointments.ts";
import { isSameStamp, stampOf, type StoredTable } from "./durable.ts";
import { becomeFollower } from "./election.ts";
import { mayTakeLease } from "./handing.ts";
import { learn } from "./learn.ts";
import { isMajority, isVoter, timeOfMajority } from "./majority.ts";
import type { Leader, Member, Peer } from "./ring-member.ts";
import type { Grant, Heard } from "./ring-message.ts";
import { moveReport } from "./move-report.ts";
import { type ChangeOutcome, changeRing, type RingRequest } from "./ring-change.ts";
import { isSameCopy, latestRun, nodesOf, renewed, type RingTable, seatOf } from "./ring-table.ts";
import { updateServing, wishOf } from "./serving.ts";
import type { Turn } from "./turn.ts";

/**
 * A majority has voted for this node. Its table is the newest that may be committed, and it proposes it in its own term:
 * copies of a table of an older term prove nothing.
 */
export function becomeLeader(turn: Turn): void {
  const { member, nowMs } = turn;
  const peers = new Map<string, Peer>();
  // Neither this node nor those who voted for it have heard the former leader since then.
  if (member.leader !== undefined) peers.set(member.leader, newPeer(member.leaderHeardAtMs));
  member.leader = member.self;
  member.role = { type: "leader", electedAtMs: nowMs, nextHeartbeatMs: nowMs, peers, committed: undefined };
  propose(turn, renewed(member.durable.stored.table));
}

const newPeer = (heardAtMs: number): Peer => ({
  run: 0,
  runSinceMs: heardAtMs,
  heardAtMs,
  answeredMs: Number.NEGATIVE_INFINITY,
  askedAtMs: Number.NEGATIVE_INFINITY,
  stored: undefined,
  position: { epoch: 0, offset: 0 },
  holdsKeys: false,
  diskFails: false,
  wish: undefined,
  moves: undefined,
});

/** A leader has one table under way at a time. */
function propose(turn: Turn, table: RingTable): void {
  const { member, nowMs } = turn;
  const leader = leaderOf(member);
  if (leader === undefined) return;
  turn.persist({ stored: { term: member.durable.term, table } });
  const peers = new Map(leader.peers);
  for (const node of nodesOf(table)) if (node !== member.self && !peers.has(node)) peers.set(node, newPeer(nowMs));
  member.role = { ...leader, peers };
  sendHeartbeats(turn);
}

/** What a leader does when time passes, or when it hears something. */
export function lead(turn: Turn): void {
  const { member, nowMs } = turn;
  const leader = leaderOf(member);
  if (leader === undefined) return;
  const heardMs = timeOfMajority(member.durable.stored.table, answerTimes(member, leader, nowMs));
  if (nowMs > Math.max(heardMs, leader.electedAtMs) + member.timing.silenceMs) return becomeFollower(turn);
  const hasCommitted = commit(turn, leader);
  if (hasCommitted && !isVoter(member.durable.stored.table, member.self)) {
    // Others may go on without this node, when they know that the table is committed.
    sendHeartbeats(turn);
    const successor = successorOf(member.durable.stored, leader);
    if (successor !== undefined) turn.send(successor, { type: "succeed", term: member.durable.term });
    return becomeFollower(turn);
  }
  updateServing(turn);
  if (isHeard(member, nowMs)) {
    const serves = isPrimary(member, leaderOf(member), member.self, member.durable.run);
    if (serves && mayTakeLease(member, nowMs)) turn.lease(nowMs + member.timing.leaseMs);
    const next = isIdle(member)
      ? nextTable(member.durable.stored.table, allPeers(turn), member.timing, nowMs)
      : undefined;
    if (next !== undefined) return propose(turn, next);
  }
  if (hasCommitted || nowMs >= leader.nextHeartbeatMs) sendHeartbeats(turn);
}

/** A voter that has the newest table, and was heard last. */
function successorOf(stored: StoredTable, { peers }: Leader): string | undefined {
  const hasTable = (node: string): boolean => {
    const its = peers.get(node)?.stored;
    return its !== undefined && isSameStamp(its, stampOf(stored));
  };
  const heardAtMs = (node: string): number => peers.get(node)?.heardAtMs ?? 0;
  const voters = stored.table.voters.filter(hasTable);
  return voters.toSorted((one, other) => heardAtMs(other) - heardAtMs(one))[0];
}

export function onHeard(turn: Turn, from: string, heard: Heard): void {
  const { member, nowMs } = turn;
  const leader = leaderOf(member);
  if (leader === undefined || heard.term !== member.durable.term) return;
  const before = leader.peers.get(from) ?? newPeer(nowMs);
  if (heard.run < before.run) return;
  const { run, askedAtMs, stored, position, wish, moves, holdsKeys = false, diskFails = false } = heard;
  const isLater = run > before.run || askedAtMs >= before.askedAtMs;
  const peer: Peer = {
    ...(isLater ? { run, askedAtMs, stored, position, holdsKeys, diskFails, wish, moves } : before),
    runSinceMs: run === before.run ? before.runSinceMs : nowMs,
    heardAtMs: nowMs,
    answeredMs: Math.max(before.answeredMs, heard.sentAtMs),
  };
  member.role = { ...leader, peers: new Map(leader.peers).set(from, peer) };
  lead(turn);
}

/** Whether the leader's present table is committed, and in its own term. */
function isIdle(member: Member): boolean {
  const committed = leaderOf(member)?.committed;
  return committed !== undefined && isSameStamp(stampOf(committed), stampOf(member.durable.stored));
}

/** Carries out what an operator asks for. Nothing happens while another table is under way: it is asked again then. */
export function proposeForOperator(turn: Turn, table: (present: RingTable) => RingTable | undefined): void {
  const { member } = turn;
  if (!isIdle(member) || !isHeard(member, turn.nowMs)) return;
  const next = table(member.durable.stored.table);
  if (next !== undefined) propose(turn, next);
}

/** Begins what an operator asks for, and says whether it does. */
export function change(turn: Turn, request: RingRequest): ChangeOutcome {
  const { member } = turn;
  if (member.role.type !== "leader")
    return { type: "refused", reason: `the leader of the ring is ${member.leader ?? "not known"}` };
  if (!isHeard(member, turn.nowMs)) return { type: "refused", reason: "no majority of the voters answers" };
  if (!isIdle(member)) return { type: "busy" };
  const outcome = changeRing(member.durable.stored.table, request);
  if (outcome.type === "refused") return outcome;
  propose(turn, outcome.table);
  return { type: "begun", plan: outcome.plan };
}

export const allPeers = ({ member, nowMs }: Turn): ReadonlyMap<string, Peer> => allPeersOf(member, nowMs);

/** All nodes as the leader knows them, itself among them. */
export function allPeersOf(member: Member, nowMs: number): ReadonlyMap<string, Peer> {
  const { diskFails, durable, holdsKeys, kept, position } = member;
  const leader = leaderOf(member);
  const peers = new Map(leader?.peers);
  const wish = wishOf(member, nowMs);
  const runSinceMs = leader?.electedAtMs ?? nowMs;
  const times = { heardAtMs: nowMs, answeredMs: nowMs, askedAtMs: nowMs, runSinceMs };
  const moves = moveReport(member, nowMs);
  const own = { run: durable.run, stored: stampOf(kept.stored), position, holdsKeys, diskFails, wish, moves };
  return peers.set(member.self, { ...times, ...own });
}

/** Whether a majority has answered lately. Only then no other leader can have been elected. */
function isHeard(member: Member, nowMs: number): boolean {
  const leader = leaderOf(member);
  if (leader === undefined) return false;
  const heardMs = timeOfMajority(member.durable.stored.table, answerTimes(member, leader, nowMs));
  return nowMs < heardMs + member.timing.majorityMs;
}

/** A table is committed when a majority has it on disk, and this leader has proposed it. */
function commit(turn: Turn, leader: Leader): boolean {
  const { member } = turn;
  const { stored } = member.durable;
  if (stored.term !== member.durable.term || isIdle(member)) return false;
  const stamp = stampOf(stored);
  const having = new Set<string>();
  if (isSameStamp(stampOf(member.kept.stored), stamp)) having.add(member.self);
  for (const [node, peer] of leader.peers) {
    if (peer.stored !== undefined && isSameStamp(peer.stored, stamp)) having.add(node);
  }
  if (!isMajority(stored.table, having)) return false;
  member.role = { ...leader, committed: stored };
  learn(turn, stored.table);
  return true;
}

function sendHeartbeats(turn: Turn): void {
  const { member, nowMs } = turn;
  const leader = leaderOf(member);
  if (leader === undefined) return;
  const { term, stored } = member.durable;
  member.role = { ...leader, nextHeartbeatMs: nowMs + member.timing.heartbeatMs };
  const { committed } = leader;
  const mayGrant = isHeard(member, nowMs);
  for (const [node, peer] of leader.peers) {
    const hasTable = peer.stored !== undefined && isSameStamp(peer.stored, stampOf(stored));
    turn.send(node, {
      type: "heartbeat",
      term,
      sentAtMs: nowMs,
      stored: hasTable ? undefined : stored,
      committed: committed === undefined ? undefined : stampOf(committed),
      knownRun: Math.max(peer.run, latestRun(stored.table, node)),
      grant: mayGrant ? grantFor(member, leader, node, peer) : undefined,
    });
  }
}

function grantFor(member: Member, leader: Leader, node: string, { run, askedAtMs }: Peer): Grant | undefined {
  return isPrimary(member, leader, node, run) ? { run, askedAtMs } : undefined;
}

/** By the committed table, and also by one that is under way: it may already be committed elsewhere. */
function isPrimary(member: Member, leader: Leader | undefined, node: string, run: number): boolean {
  const copy = { node, run };
  const isPrimaryBy = ({ table }: StoredTable): boolean => {
    const primary = seatOf(table, node)?.primary;
    return primary !== undefined && isSameCopy(primary, copy);
  };
  // Run 0 stands for nobody: neither for a node that was not heard, nor for a primary that was not appointed.
  if (run === 0 || leader?.committed === undefined) return false;
  return isPrimaryBy(leader.committed) && isPrimaryBy(member.durable.stored);
}

function answerTimes(member: Member, { peers }: Leader, nowMs: number): ReadonlyMap<string, number> {
  const times = new Map([[member.self, nowMs]]);
  for (const [node, { answeredMs }] of peers) times.set(node, answeredMs);
  return times;
}

const leaderOf = ({ role }: Member): Leader | undefined => (role.type === "leader" ? role : undefined);
