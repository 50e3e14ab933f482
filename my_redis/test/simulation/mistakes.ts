import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { handingMistakes } from "./handing-mistakes.ts";
import { memberMistakes } from "./member-mistakes.ts";
import { movingMistakes } from "./moving-mistakes.ts";
import { kernel, model } from "./planted-change.ts";
import { spanningMistakes } from "./spanning-mistakes.ts";

/**
 * Deliberate mistakes, one at a time, as changes of the code. A test proves that the simulation finds each of them. Several
 * are of kinds that public analyses found in systems based on Raft.
 */
export const mistakes = {
  // Elections.
  "votes are not kept over a restart": [
    model(
      "simulated-node.ts",
      "{ ...content, run:",
      "{ ...content, votedFor: undefined, term: content.stored.term, run:",
    ),
  ],
  "a vote is answered before the disk has it": [
    kernel(
      "turn.ts",
      "if (member.writes.length === 0) return",
      "if (message.type === 'vote' || member.writes.length === 0) return",
    ),
  ],
  "a node votes for two candidates in a term": [
    kernel("election.ts", "if (votedFor !== undefined && votedFor !== from) return;", ""),
  ],
  "a node votes for a candidate with an older table": [
    kernel("election.ts", "if (isNewer(stampOf(member.durable.stored), stored)) return;", ""),
    kernel("election.ts", "if (!isNewer(stampOf(durable.stored), stored)) turn.send", "turn.send"),
  ],
  "votes of an earlier term count": [
    kernel("election.ts", 'role.type !== "candidate" || term !== durable.term', 'role.type !== "candidate"'),
  ],
  "half of the voters decide": [
    kernel(
      "majority.ts",
      "return isQuorum(voters, present) &&",
      "return voters.filter((voter) => present.has(voter)).length * 2 >= voters.length &&",
    ),
  ],
  "a node votes while it hears a leader": [
    kernel("election.ts", "if (hearsLeader(turn.member, turn.nowMs)) return;", ""),
    kernel("election.ts", "if (!mayVote(member, succeeds === true, turn.nowMs)) return;", ""),
  ],
  "a node that was just started votes at once": [
    kernel("step.ts", "leaderHeardAtMs: nowMs,", "leaderHeardAtMs: -1e9,"),
  ],
  "nobody votes for whom a new table leaves out": [
    kernel(
      "election.ts",
      "return isVoter(table, self) || committed?.version !== table.version;",
      "return isVoter(table, self);",
    ),
  ],
  // Tables.
  "a table of an older term is committed by its copies": [
    kernel("leadership.ts", "propose(turn, renewed(member.durable.stored.table));", "sendHeartbeats(turn);"),
    kernel("leadership.ts", "if (stored.term !== member.durable.term || isIdle(member))", "if (isIdle(member))"),
    kernel(
      "leadership.ts",
      "committed: undefined };\n",
      "committed: undefined };\n  for (const node of nodesOf(member.durable.stored.table)) if (!peers.has(node) && node !== member.self) peers.set(node, newPeer(nowMs));\n",
    ),
  ],
  "a table counts as stored before the disk has it": [
    kernel("heartbeats.ts", "stored: stampOf(member.kept.stored),", "stored: stampOf(member.durable.stored),"),
  ],
  "an older table replaces a newer one": [
    kernel(
      "heartbeats.ts",
      "beat.stored !== undefined && isNewer(stampOf(beat.stored), stampOf(member.durable.stored))",
      "beat.stored !== undefined",
    ),
  ],
  "a change of the voters asks the new ones alone": [
    kernel(
      "majority.ts",
      "return isQuorum(voters, present) && (formerVoters === undefined || isQuorum(formerVoters, present));",
      "return isQuorum(voters, present);",
    ),
  ],
  "a node takes its place before the table is committed": [
    kernel(
      "heartbeats.ts",
      "if (beat.committed !== undefined && isSameStamp(beat.committed, stampOf(stored))) learn",
      "learn",
    ),
  ],
  // Leases.
  "a lease is longer than the wait": [
    kernel("heartbeats.ts", "grant.askedAtMs + member.timing.leaseMs", "grant.askedAtMs + 3 * member.timing.leaseMs"),
  ],
  "a lease counts from its arrival": [
    kernel("heartbeats.ts", "grant.askedAtMs + member.timing.leaseMs", "nowMs + member.timing.leaseMs"),
  ],
  "a lease is compared with a clock that was read earlier": [
    model("simulated-process.ts", "{ epoch, offset }, nowMs)", "{ epoch, offset }, this.member.leaderHeardAtMs)"),
  ],
  "a primary needs no lease": [
    kernel("serving.ts", "if (!isCurrent) return false;", "if (serving?.epoch !== epoch) return false;"),
  ],
  "a leader acts though no majority hears it": [
    kernel("leadership.ts", "return nowMs < heardMs + member.timing.majorityMs;", "return true;"),
  ],
  "a leader goes on granting while it appoints another primary": [
    kernel(
      "leadership.ts",
      "isPrimaryBy(leader.committed) && isPrimaryBy(member.durable.stored)",
      "isPrimaryBy(leader.committed)",
    ),
    kernel("heartbeats.ts", "  updateServing(turn);\n  answer", "  answer"),
  ],
  "voters stay with a leader for a shorter time than its leases last": [
    kernel(
      "election.ts",
      "nowMs < leaderHeardAtMs + timing.silenceMs",
      "nowMs < leaderHeardAtMs + timing.silenceMs / 4",
    ),
    kernel("election.ts", "Math.max(leastMs, longestMs)", "leastMs / 4"),
  ],
  "a silent primary is replaced before its lease has ended": [
    kernel("gone.ts", "nowMs - primary.heardAtMs > silenceMs", "nowMs - primary.heardAtMs > silenceMs / 5"),
  ],
  // Copies in sync.
  "a write is answered before its replicas have it": [
    kernel("serving.ts", "return offset <= serving.acknowledged;", "return true;"),
  ],
  "a read shows what may be lost": [
    model(
      "simulated-process.ts",
      "{ epoch, offset }, nowMs)",
      "{ epoch, offset: request.write === undefined ? 0 : offset }, nowMs)",
    ),
  ],
  "a primary goes on without a replica that it does not reach": [
    kernel(
      "serving.ts",
      "return offset <= serving.acknowledged;",
      "return serving.waitFor.every((copy) => nowMs - (serving.progress.get(copy.node)?.caughtUpAtMs ?? 0) > 200 || (serving.progress.get(copy.node)?.offset ?? 0) >= offset);",
    ),
  ],
  "a replica counts as in sync when it connects": [
    kernel(
      "serving.ts",
      "hasCopy(serving.waitFor, copy) || nowMs - caughtUpAtMs > mayLagMs",
      "hasCopy(serving.waitFor, copy)",
    ),
    kernel("serving.ts", "known?.run === run && known.offset >= acknowledged", "known?.run === run"),
  ],
  "a replica is in sync before writes wait for it": [
    kernel(
      "serving.ts",
      "member.serving = acknowledging({ ...serving, waitFor: [...serving.waitFor, copy] });\n    return;",
      "",
    ),
    kernel(
      "serving.ts",
      "const wanted = [{ node: self, run: durable.run }, ...complete];",
      "const wanted = [{ node: self, run: durable.run }, ...complete];\n  for (const [node, { run, caughtUpAtMs }] of serving.progress) if (!hasCopy(wanted, { node, run }) && nowMs - caughtUpAtMs < 200) wanted.push({ node, run });",
    ),
  ],
  "a request of a primary is carried out late": [
    kernel(
      "appointments.ts",
      "primary.run === seat.primary.run && wish.revision === seat.revision",
      "primary.run === seat.primary.run",
    ),
    kernel("leadership.ts", "run > before.run || askedAtMs >= before.askedAtMs", "run >= before.run"),
  ],
  "nobody takes a silent replica out": [
    kernel("serving.ts", "if (known !== undefined && known.run !== run) return false;", "if (nowMs > 0) return true;"),
  ],
  "what a replica has of another epoch counts": [
    kernel(
      "serving.ts",
      "if (serving === undefined || serving.epoch !== position.epoch) return;\n  if (committed",
      "if (serving === undefined) return;\n  if (committed",
    ),
  ],
  "an asynchronous primary does not look how far its replicas are": [
    kernel(
      "serving.ts",
      "return nowMs - Math.max(sinceMs, known?.caughtUpAtMs ?? sinceMs) <= timing.lagMs;",
      "return nowMs > sinceMs - timing.lagMs;",
    ),
  ],
  "a snapshot misses what was applied": [
    model(
      "data-copy.ts",
      'return { type: "snapshot", copy };',
      'return { type: "snapshot", copy: after({ ...noData, epoch: copy.epoch }, copy.entries.slice(1)) };',
    ),
  ],
  "a former primary keeps what nobody else has": [
    model(
      "data-copy.ts",
      "return isWanted ? message.copy : copy;",
      "return isWanted ? (copy.entries.length > message.copy.entries.length ? { ...copy, epoch } : message.copy) : copy;",
    ),
  ],
  "a replica says that it has what its disk has not got yet": [
    model("simulated-process.ts", "kept: keptPosition } as const", "kept: positionOf(this.copy) } as const"),
  ],
  // Appointments.
  "any replica that answers is appointed": [
    kernel(
      "appointments.ts",
      "const others = seat.inSync.filter((copy) =>",
      "const others = seat.nodes.map((node) => ({ node, run: peers.get(node)?.run ?? 0 })).filter((copy) =>",
    ),
  ],
  "a primary that restarts quickly is primary again": [
    kernel(
      "appointments.ts",
      "  if (best !== undefined) return withPrimary",
      "  const back = { node: seat.primary.node, run: peers.get(seat.primary.node)?.run ?? 0 };\n  if (seat.epoch > 0 && answers(back)) return withPrimary(table, seat, back, [back, ...others]);\n  if (best !== undefined) return withPrimary",
    ),
  ],
  "a restarted replica counts as in sync": [
    kernel(
      "appointments.ts",
      "return run > 0 && peer?.run === run &&",
      "return run > 0 && peer !== undefined && peer.run >= run &&",
    ),
    kernel(
      "appointments.ts",
      "furthest(able.filter(answers), peers)",
      "furthest(able.filter(answers).map(({ node }) => ({ node, run: peers.get(node)?.run ?? 0 })), peers)",
    ),
  ],
  "an empty copy is appointed without an operator's word": [
    kernel("appointments.ts", "if (isEmpty(best.node) && !mayBeEmpty) return undefined;", ""),
  ],
  "a node that was not heard counts as empty": [
    kernel("appointments.ts", "return run > 0 && peer?.run === run &&", "return peer?.run === run &&"),
    kernel(
      "appointments.ts",
      "answers(present(node)) && hasToldSince(node) && isEmpty(node)",
      "answers(present(node)) && isEmpty(node)",
    ),
  ],
  "a primary works before its disk knows its epoch": [
    kernel("serving.ts", "serving?.epoch === keptPosition.epoch;", "serving !== undefined && keptPosition.epoch >= 0;"),
  ],
  "a copy whose disk is full is appointed": [
    kernel("appointments.ts", "others.filter(({ node }) => peers.get(node)?.diskFails !== true)", "others"),
  ],
  ...movingMistakes,
  ...handingMistakes,
  ...memberMistakes,
  ...spanningMistakes,
} as const satisfies Readonly<Record<string, readonly Change[]>>;

export type Mistake = keyof typeof mistakes;

export const mistakeNames = Object.keys(mistakes) as Mistake[];
