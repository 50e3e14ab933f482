import { isNewer, isSameStamp, stampOf } from "./durable.ts";
import { enterTerm, waitForLeader } from "./election.ts";
import { mayTakeLease } from "./handing.ts";
import { learn } from "./learn.ts";
import { moveReport } from "./move-report.ts";
import type { Heartbeat } from "./ring-message.ts";
import { updateServing, wishOf } from "./serving.ts";
import type { Turn } from "./turn.ts";

/** A follower hears its leader: it stores the leader's table, learns what is committed, and may get a lease. */
export function onHeartbeat(turn: Turn, from: string, beat: Heartbeat): void {
  const { member, nowMs } = turn;
  if (beat.term < member.durable.term) return turn.send(from, { type: "outdated", term: member.durable.term });
  if (beat.term > member.durable.term) enterTerm(turn, beat.term);
  member.role = { type: "follower" };
  member.leader = from;
  member.leaderHeardAtMs = nowMs;
  member.heartbeatSentAtMs = beat.sentAtMs;
  member.slowestWriteMs = 0;
  waitForLeader(turn, member.timing.silenceMs);
  // An older heartbeat may come late, and must not bring its table back.
  if (beat.stored !== undefined && isNewer(stampOf(beat.stored), stampOf(member.durable.stored))) {
    turn.persist({ stored: beat.stored });
  }
  const { stored } = member.durable;
  if (beat.committed !== undefined && isSameStamp(beat.committed, stampOf(stored))) learn(turn, stored.table);
  // A grant to an earlier run counts by the clock of that run.
  const { grant } = beat;
  if (grant?.run === member.durable.run && mayTakeLease(member, grant.askedAtMs)) {
    turn.lease(grant.askedAtMs + member.timing.leaseMs);
  }
  updateServing(turn);
  answerHeartbeat(turn, from);
}

/** Tells the leader what this node has, and asks for a lease that counts from now on. */
export function answerHeartbeat(turn: Turn, leader: string): void {
  const { member, nowMs } = turn;
  const moves = moveReport(member);
  turn.send(leader, {
    type: "heard",
    term: member.durable.term,
    sentAtMs: member.heartbeatSentAtMs,
    run: member.durable.run,
    askedAtMs: nowMs,
    stored: stampOf(member.kept.stored),
    position: member.position,
    ...(member.holdsKeys ? { holdsKeys: true } : {}),
    ...(member.diskFails ? { diskFails: true } : {}),
    wish: wishOf(member, nowMs),
    ...(moves === undefined ? {} : { moves }),
  });
}
