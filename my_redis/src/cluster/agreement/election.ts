import { isNewer, stampOf } from "./durable.ts";
import { isMajority, isVoter } from "./majority.ts";
import type { Member } from "./ring-member.ts";
import type { Canvass, Candidacy, Succeed, Support, Vote } from "./ring-message.ts";
import { nodesOf } from "./ring-table.ts";
import type { Turn } from "./turn.ts";

/** Whether a leader may still rely on this node. A node that has just started may have heard one before its start. */
function hearsLeader({ role, leaderHeardAtMs, timing }: Member, nowMs: number): boolean {
  return role.type === "leader" || nowMs < leaderHeardAtMs + timing.silenceMs;
}

/** A named successor has the word of the leader that was heard. A node that leads itself knows better. */
function mayVote(member: Member, succeeds: boolean, nowMs: number): boolean {
  return succeeds ? member.role.type !== "leader" : !hearsLeader(member, nowMs);
}

/** A candidate writes its own vote, and then the others write theirs. A disk that is still busy makes one of them longer. */
const writesOfElection = 3;

/** How long a try may last. A ring whose disks are slow must not begin a new one while votes are being written. */
const tryMs = ({ slowestWriteMs, timing }: Member): number =>
  Math.max(timing.silenceMs / 2, writesOfElection * slowestWriteMs);

/** After a silence, or a try that did not succeed, at a random moment: so that two candidates seldom meet. */
export function waitForLeader(turn: Turn, leastMs: number): void {
  const { member, nowMs, chance } = turn;
  const { silenceMs } = member.timing;
  // The voters come first.
  const laterMs = isVoter(member.durable.stored.table, member.self) ? 0 : silenceMs;
  const longestMs = tryMs(member);
  member.electAtMs = nowMs + Math.max(leastMs, longestMs) + laterMs + chance * longestMs;
}

export function waitForVotes(turn: Turn): void {
  waitForLeader(turn, tryMs(turn.member));
}

/** Joins a later term, in which this node has not voted. */
export function enterTerm(turn: Turn, term: number): void {
  turn.persist({ term, votedFor: undefined });
  becomeFollower(turn);
}

export function becomeFollower(turn: Turn): void {
  const { member } = turn;
  if (member.role.type === "leader") {
    member.leader = undefined;
    member.slowestWriteMs = 0;
  }
  member.role = { type: "follower" };
  waitForLeader(turn, member.timing.silenceMs);
}

/**
 * Also a node that is no voter any more by its own table may have to lead, while it does not know that this table is
 * committed: it may be the only one that has it (Ongaro, "Consensus: Bridging Theory and Practice", 4.2.2).
 */
function mayStand({ self, durable, committed }: Member): boolean {
  const { table } = durable.stored;
  return isVoter(table, self) || committed?.version !== table.version;
}

/** Asks first whether anybody would vote for this node. */
export function canvass(turn: Turn): void {
  const { member } = turn;
  waitForVotes(turn);
  // A node that still writes its last vote could not vote for itself either.
  if (!mayStand(member) || member.writes.length > 0) return;
  member.role = { type: "canvassing", support: new Set([member.self]) };
  const term = member.durable.term + 1;
  sendToOthers(turn, { type: "canvass", term, stored: stampOf(member.durable.stored) });
  standIfSupported(turn);
}

export function onCanvass(turn: Turn, from: string, { term, stored }: Canvass): void {
  const { durable } = turn.member;
  if (hearsLeader(turn.member, turn.nowMs)) return;
  if (term <= durable.term) return turn.send(from, { type: "outdated", term: durable.term });
  if (!isNewer(stampOf(durable.stored), stored)) turn.send(from, { type: "support", term });
}

export function onSupport(turn: Turn, from: string, { term }: Support): void {
  const { member } = turn;
  const { role, durable } = member;
  if (role.type !== "canvassing" || term !== durable.term + 1) return;
  member.role = { type: "canvassing", support: new Set([...role.support, from]) };
  standIfSupported(turn);
}

function standIfSupported(turn: Turn): void {
  const { role, durable } = turn.member;
  if (role.type === "canvassing" && isMajority(durable.stored.table, role.support)) stand(turn, {});
}

/** The leader leaves the ring, and has named this node. A word of an earlier leader counts no more. */
export function onSucceed(turn: Turn, from: string, { term }: Succeed): void {
  const { leader, durable, role } = turn.member;
  if (leader !== from || term !== durable.term || role.type !== "follower") return;
  if (isVoter(durable.stored.table, turn.member.self)) stand(turn, { succeeds: true });
}

function stand(turn: Turn, mark: { readonly succeeds?: true }): void {
  const { member } = turn;
  const { durable } = member;
  const term = durable.term + 1;
  turn.persist({ term, votedFor: member.self });
  // Its own vote counts when the disk has it.
  member.role = { type: "candidate", votes: new Set() };
  waitForVotes(turn);
  const candidacy = { type: "candidacy", term, stored: stampOf(durable.stored), ...mark } as const;
  for (const node of nodesOf(durable.stored.table)) {
    if (node !== member.self) turn.sendOnceKept(node, candidacy);
  }
}

export function onCandidacy(turn: Turn, from: string, { term, stored, succeeds }: Candidacy): void {
  const { member } = turn;
  if (!mayVote(member, succeeds === true, turn.nowMs)) return;
  if (term < member.durable.term) return turn.send(from, { type: "outdated", term: member.durable.term });
  if (term > member.durable.term) enterTerm(turn, term);
  const { votedFor } = member.durable;
  if (votedFor !== undefined && votedFor !== from) return;
  if (isNewer(stampOf(member.durable.stored), stored)) return;
  if (votedFor === undefined) turn.persist({ votedFor: from });
  waitForLeader(turn, member.timing.silenceMs);
  turn.sendOnceKept(from, { type: "vote", term });
}

/** Counts a vote, and says whether this node is elected by it. */
export function onVote(turn: Turn, from: string, { term }: Vote): boolean {
  const { member } = turn;
  const { role, durable } = member;
  if (role.type !== "candidate" || term !== durable.term) return false;
  const votes = new Set([...role.votes, from]);
  member.role = { type: "candidate", votes };
  return isMajority(durable.stored.table, votes);
}

function sendToOthers(turn: Turn, message: Canvass): void {
  const { self, durable } = turn.member;
  for (const node of nodesOf(durable.stored.table)) if (node !== self) turn.send(node, message);
}
