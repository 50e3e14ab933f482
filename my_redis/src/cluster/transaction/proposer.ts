import { isQuorum } from "./quorum.ts";
import type { TransactionHost, TransactionLimits } from "./transaction-host.ts";
import type {
  Acceptance,
  Ballot,
  MemberName,
  Outcome,
  TransactionAnswer,
  TransactionId,
  TransactionRequest,
} from "./transaction-message.ts";

/** A ballot holds a member's number; the ring has at most 65,535 members. */
const membersPerRound = 65_536;
/** A decision is sent this often to nodes that have not confirmed it. After that they have to ask. */
const maxTellings = 5;
/** Rounds of one attempt. After them the node waits for `silenceMs` again. */
const maxRounds = 8;

/** FORGET is sent for many ended transactions together: for so many, or after so long. */
const maxForgottenTogether = 256;
const forgetDelayMs = 50;

interface Proposal {
  readonly id: TransactionId;
  readonly participants: readonly MemberName[];
  ballot: Ballot;
  rounds: number;
  highestSeen: Ballot;
  readonly startedMs: number;
  /** Undefined after the call. */
  onDecided: ((outcome: Outcome | undefined) => void) | undefined;
}

/**
 * Decides transactions together with a quorum of all members: Lamport's Paxos with one decision per transaction, as in
 * "Consensus on Transaction Commit" (Gray and Lamport). Ballot 0 is the coordinator's and needs no promises; a node
 * that takes over proposes to give up, unless a member of its quorum has already accepted something else.
 */
export class Proposer {
  readonly #host: TransactionHost;
  readonly #limits: TransactionLimits;
  /** Transactions that every participant has ended; the members may forget them. */
  #ended: TransactionId[] = [];
  readonly #proposals = new Map<TransactionId, Proposal>();

  constructor(host: TransactionHost, limits: TransactionLimits) {
    this.#host = host;
    this.#limits = limits;
  }

  get count(): number {
    return this.#proposals.size;
  }

  has(id: TransactionId): boolean {
    return this.#proposals.has(id);
  }

  /** The coordinator's proposal to go forward. `onDecided` gets undefined when the decision could not be learnt. */
  commit(
    id: TransactionId,
    participants: readonly MemberName[],
    onDecided: (outcome: Outcome | undefined) => void,
  ): void {
    this.#accept(this.#open(id, participants, onDecided), "forward");
  }

  /** Takes over a transaction whose coordinator is silent. */
  takeOver(id: TransactionId, participants: readonly MemberName[], highestSeen: Ballot): void {
    if (this.has(id)) return;
    const proposal = this.#open(id, participants, undefined);
    proposal.highestSeen = highestSeen;
    this.#askForPromises(proposal);
  }

  /** Announces a decision to all participants again. */
  spread(id: TransactionId, participants: readonly MemberName[], outcome: Outcome): void {
    if (this.has(id)) return;
    this.#decided(this.#open(id, participants, undefined), outcome);
  }

  #open(id: TransactionId, participants: readonly MemberName[], onDecided: Proposal["onDecided"]): Proposal {
    const startedMs = this.#host.monotonicMs();
    const proposal: Proposal = {
      id,
      participants,
      ballot: 0,
      rounds: 0,
      highestSeen: 0,
      startedMs,
      onDecided,
    };
    this.#proposals.set(id, proposal);
    return proposal;
  }

  #accept(proposal: Proposal, outcome: Outcome): void {
    const { id, participants, ballot } = proposal;
    const request = { type: "accept", id, participants, ballot, outcome } as const;
    this.#askAll(proposal, request, {
      isYes: (answer) => answer.type === "accepted",
      onQuorum: () => this.#decided(proposal, outcome),
    });
  }

  #askForPromises(proposal: Proposal): void {
    const { id, participants } = proposal;
    const round = Math.floor(proposal.highestSeen / membersPerRound) + 1;
    proposal.ballot = round * membersPerRound + this.#host.members.indexOf(this.#host.self);
    proposal.highestSeen = proposal.ballot;
    let best: Acceptance | undefined;
    const request = { type: "promise", id, participants, ballot: proposal.ballot } as const;
    this.#askAll(proposal, request, {
      isYes: (answer) => {
        if (answer.type !== "promised") return false;
        if (answer.accepted !== undefined && answer.accepted.ballot >= (best?.ballot ?? 0)) best = answer.accepted;
        return true;
      },
      onQuorum: () => this.#accept(proposal, best?.outcome ?? "back"),
    });
  }

  /** Asks all members. Goes on once when a quorum agrees, or tries a higher ballot when none does in time. */
  #askAll(
    proposal: Proposal,
    request: TransactionRequest,
    { isYes, onQuorum }: { isYes: (answer: TransactionAnswer) => boolean; onQuorum: () => void },
  ): void {
    const { members } = this.#host;
    const inFavour = new Set<MemberName>();
    let over = false;
    const retry = (): void => {
      if (over) return;
      over = true;
      this.#retry(proposal);
    };
    const answered = (member: MemberName, answer: TransactionAnswer | undefined): void => {
      if (over || answer === undefined) return;
      if (answer.type === "outbid") {
        proposal.highestSeen = Math.max(proposal.highestSeen, answer.ballot);
        retry();
      } else if (answer.type === "promised" && answer.outcome !== undefined) {
        // A decision was made before, and the members may soon forget it.
        over = true;
        this.#decided(proposal, answer.outcome);
      } else if (isYes(answer)) {
        inFavour.add(member);
        if (!isQuorum(members, inFavour)) return;
        over = true;
        onQuorum();
      }
    };
    for (const member of members) this.#host.ask(member, request, (answer) => answered(member, answer));
    this.#host.schedule(this.#limits.phaseTimeoutMs, retry);
  }

  #retry(proposal: Proposal): void {
    proposal.rounds++;
    const isTooLate = proposal.onDecided !== undefined && this.#isTooLate(proposal);
    if (proposal.rounds > maxRounds || isTooLate) {
      this.#proposals.delete(proposal.id);
      answer(proposal, undefined);
      return;
    }
    // Two nodes must not outbid each other for ever, hence the random pause.
    const pauseMs = this.#host.random() * this.#limits.phaseTimeoutMs * Math.min(1, proposal.rounds / 4);
    this.#host.schedule(pauseMs, () => this.#askForPromises(proposal));
  }

  /**
   * Whether the other nodes may have decided, ended and forgotten the transaction meanwhile. Then no node knows it, which
   * looks as if it had never been accepted. Nodes remember what they took over for longer than this time.
   */
  #isTooLate({ startedMs }: Proposal): boolean {
    return this.#host.monotonicMs() - startedMs > this.#limits.silenceMs * 2;
  }

  #decided(proposal: Proposal, outcome: Outcome): void {
    const isCertain = outcome === "forward" || !this.#isTooLate(proposal);
    answer(proposal, isCertain ? outcome : undefined);
    this.#tell(proposal, outcome, new Set(proposal.participants), 1);
  }

  /** Tells the participants, and all members to forget it once every one of them has ended it. */
  #tell(proposal: Proposal, outcome: Outcome, missing: Set<MemberName>, telling: number): void {
    const { id, participants } = proposal;
    const request = { type: "decide", id, participants, outcome } as const;
    const answered = (member: MemberName, answer: TransactionAnswer | undefined): void => {
      if (answer !== undefined && missing.delete(member) && missing.size === 0) this.#forget(proposal);
    };
    for (const member of [...missing]) this.#host.ask(member, request, (answer) => answered(member, answer));
    this.#host.schedule(this.#limits.phaseTimeoutMs, () => {
      if (missing.size === 0) return;
      if (telling < maxTellings) this.#tell(proposal, outcome, missing, telling + 1);
      else this.#proposals.delete(id);
    });
  }

  /** Nothing waits for FORGET, so many transactions are forgotten with one message. */
  #forget({ id }: Proposal): void {
    this.#proposals.delete(id);
    this.#ended.push(id);
    if (this.#ended.length === 1) this.#host.schedule(forgetDelayMs, () => this.#tellToForget());
    else if (this.#ended.length === maxForgottenTogether) this.#tellToForget();
  }

  #tellToForget(): void {
    if (this.#ended.length === 0) return;
    const request = { type: "forget", ids: this.#ended } as const;
    this.#ended = [];
    for (const member of this.#host.members) this.#host.ask(member, request, () => {});
  }
}

/** Notifies the caller that waits for the decision, and releases its function. */
function answer(proposal: Proposal, outcome: Outcome | undefined): void {
  const { onDecided } = proposal;
  proposal.onDecided = undefined;
  onDecided?.(outcome);
}
