import { appointByWord } from "./appointments.ts";
import { type Durable, isSameStamp, stampOf } from "./durable.ts";
import { canvass, enterTerm, onCandidacy, onCanvass, onSucceed, onSupport, onVote, waitForVotes } from "./election.ts";
import { onHandOver, updateHanding } from "./handing.ts";
import { answerHeartbeat, onHeartbeat } from "./heartbeats.ts";
import { endedCount, onIncoming } from "./incoming.ts";
import { allPeers, becomeLeader, change, lead, onHeard, proposeForOperator } from "./leadership.ts";
import { onAsked, onFrozen, readyCount } from "./outgoing.ts";
import type { Member, Moment, RingEffect, RingEvent } from "./ring-member.ts";
import type { Position } from "./position.ts";
import type { RingMessage } from "./ring-message.ts";
import { learn } from "./learn.ts";
import { nodesOf, withVoters } from "./ring-table.ts";
import type { RingTiming } from "./ring-timing.ts";
import { onOwnPosition, onReplicated } from "./serving.ts";
import { Turn } from "./turn.ts";

interface Start {
  readonly self: string;
  readonly timing: RingTiming;
  /** What the disk has. Its `run` must be new: the disk has it before the member starts. */
  readonly durable: Durable;
  readonly position: Position;
}

export interface Step {
  readonly member: Member;
  readonly effects: readonly RingEffect[];
}

/** A member that has just started. It knows no leader, and what it has stored need not be committed. */
export function startMember({ self, timing, durable, position }: Start, { nowMs, chance }: Moment): Member {
  return {
    self,
    timing,
    durable,
    writes: [],
    lastWrite: 0,
    slowestWriteMs: 0,
    kept: durable,
    answers: [],
    role: { type: "follower" },
    leader: undefined,
    // Before its start it may have answered a leader, who relies on it.
    leaderHeardAtMs: nowMs,
    heartbeatSentAtMs: 0,
    electAtMs: nowMs + timing.silenceMs + (chance * timing.silenceMs) / 2,
    committed: undefined,
    position,
    holdsKeys: false,
    diskFails: false,
    keptPosition: position,
    serving: undefined,
    leaseUntilMs: Number.NEGATIVE_INFINITY,
    leaseSinceMs: Number.NEGATIVE_INFINITY,
  };
}

/** One step of the protocol. It reads no clock, and changes nothing but what it returns. */
export function step(before: Member, event: RingEvent, moment: Moment): Step {
  const turn = new Turn(before, moment);
  take(turn, event);
  const isHandedOver = updateHanding(turn);
  const [was, is] = [before.serving, turn.member.serving];
  if (isHandedOver || endedCount(is) > endedCount(was) || readyCount(is) > readyCount(was)) report(turn);
  return { member: turn.member, effects: turn.effects };
}

/** When a member wants to be woken. */
export const wakeAt = ({ role, electAtMs }: Member): number =>
  role.type === "leader" ? role.nextHeartbeatMs : electAtMs;

function take(turn: Turn, event: RingEvent): void {
  const { member, nowMs } = turn;
  switch (event.type) {
    case "message":
      return onMessage(turn, event.from, event.message);
    case "woken":
      if (nowMs < wakeAt(member)) return;
      return member.role.type === "leader" ? lead(turn) : canvass(turn);
    case "kept":
      return onKept(turn, event.write);
    case "position":
      member.holdsKeys = event.holdsKeys ?? false;
      member.diskFails = event.diskFails ?? false;
      return onOwnPosition(turn, event.position, event.kept);
    case "replicated":
      return onReplicated(turn, event.node, event.run, event.position);
    case "left":
      if (nodesOf(event.table).has(member.self) || event.table.version <= member.durable.stored.table.version) return;
      return learn(turn, event.table);
    case "voters":
      // Nobody could ever decide anything again.
      if (event.voters.length === 0) return;
      return proposeForOperator(turn, (table) => withVoters(table, event.voters));
    case "appoint":
      return proposeForOperator(turn, (table) =>
        appointByWord(table, event, allPeers(turn), { timing: member.timing, nowMs }),
      );
    case "change":
      turn.effects.push({ type: "changed", outcome: change(turn, event.request) });
      return;
    case "handOver":
      return onHandOver(turn, event.to, event.leaves);
    case "asked":
      return onAsked(turn, event.run, event.ask);
    case "frozen":
      return onFrozen(turn, event.move);
    case "incoming":
      return onIncoming(turn, event.incoming);
  }
}

/** The leader need not wait for the next heartbeat to hear that a move, or a seat, can be handed over. */
function report(turn: Turn): void {
  const { role, leader } = turn.member;
  if (role.type === "leader") lead(turn);
  else if (leader !== undefined) answerHeartbeat(turn, leader);
}

function onMessage(turn: Turn, from: string, message: RingMessage): void {
  switch (message.type) {
    case "canvass":
      return onCanvass(turn, from, message);
    case "support":
      return onSupport(turn, from, message);
    case "candidacy":
      return onCandidacy(turn, from, message);
    case "succeed":
      return onSucceed(turn, from, message);
    case "vote":
      return countVote(turn, from, message.term);
    case "heartbeat":
      return onHeartbeat(turn, from, message);
    case "heard":
      return onHeard(turn, from, message);
    case "outdated":
      if (message.term > turn.member.durable.term) enterTerm(turn, message.term);
  }
}

function onKept(turn: Turn, write: number): void {
  const { member, nowMs } = turn;
  const done = member.writes.findLast(({ number }) => number <= write);
  if (done === undefined) return;
  const before = member.kept;
  member.kept = done.durable;
  member.slowestWriteMs = Math.max(member.slowestWriteMs, nowMs - done.sinceMs);
  member.writes = member.writes.filter(({ number }) => number > write);
  const ready = member.answers.filter(({ afterWrite }) => afterWrite <= write);
  member.answers = member.answers.filter(({ afterWrite }) => afterWrite > write);
  for (const { to, message } of ready) turn.send(to, message);
  const { role, leader, self, kept } = member;
  if (role.type === "leader") lead(turn);
  else if (role.type === "candidate" && kept.votedFor === self) onOwnVoteKept(turn);
  else if (leader !== undefined && !isSameStamp(stampOf(before.stored), stampOf(kept.stored))) {
    answerHeartbeat(turn, leader);
  }
}

/** The other nodes are asked only now. They, too, write their votes before they answer. */
function onOwnVoteKept(turn: Turn): void {
  waitForVotes(turn);
  countVote(turn, turn.member.self, turn.member.kept.term);
}

function countVote(turn: Turn, from: string, term: number): void {
  if (onVote(turn, from, { type: "vote", term })) becomeLeader(turn);
}
