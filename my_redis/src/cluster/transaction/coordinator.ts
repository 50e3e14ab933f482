import { CoordinatedWrites, type CountedWrite } from "./coordinated-writes.ts";
import type { Proposer } from "./proposer.ts";
import { isQuorum } from "./quorum.ts";
import type { TransactionHost, TransactionLimits } from "./transaction-host.ts";
import {
  bytesOf,
  type MemberName,
  type Operation,
  type TakenValue,
  type TransactionAnswer,
  type TransactionId,
} from "./transaction-message.ts";

export type Share = ReadonlyMap<MemberName, readonly Operation[]>;

/** The operations of one write across nodes. */
export interface TransactionPlan {
  readonly database: number;
  /** Prepared on all nodes at the same time. */
  readonly first: Share;
  /** Prepared after the first ones, from the value that "take" handed over. */
  readonly second?: {
    readonly participants: readonly MemberName[];
    share(taken: TakenValue): Share;
  };
}

export type TransactionResult =
  /** Carried out on every node, and durable. `count`: deleted keys that existed. */
  | { readonly type: "done"; readonly count: number }
  /** A check failed ("exists", "missing", or the text of an error): nothing was changed. */
  | { readonly type: "refused"; readonly reason: string }
  /** Other transactions held the keys for too long: nothing was changed. */
  | { readonly type: "contended" }
  /** A participant does not answer: nothing was or will be changed. */
  | { readonly type: "unreachable" }
  /** Too few nodes answer to know the decision. Once enough do, the write is completed or given up without the client. */
  | { readonly type: "unknown" };

const firstPauseMs = 2;
const longestPauseMs = 64;

interface Attempt {
  readonly plan: TransactionPlan;
  readonly startedMs: number;
  readonly tries: number;
  readonly write: CountedWrite<TransactionResult>;
}

interface Preparation {
  /** Undefined after the phase has ended: later answers change nothing, and no value is kept for them. */
  attempt: Attempt | undefined;
  readonly id: TransactionId;
  readonly participants: readonly MemberName[];
  readonly beganMs: number;
  /** Nodes that have prepared, or may have: they must be notified when the write is given up. */
  readonly mayHold: Set<MemberName>;
  count: number;
}

/** Begins transactions for this node's clients: prepares all participants, then has the members decide. */
export class Coordinator {
  readonly #host: TransactionHost;
  readonly #limits: TransactionLimits;
  readonly #proposer: Proposer;
  readonly #incarnation: string;
  readonly #writes: CoordinatedWrites;
  #number = 0;

  /** `incarnation` is unique among all starts of all nodes; transactions are named after it. */
  constructor(host: TransactionHost, limits: TransactionLimits, proposer: Proposer, incarnation: string) {
    this.#host = host;
    this.#limits = limits;
    this.#writes = new CoordinatedWrites(limits);
    this.#proposer = proposer;
    this.#incarnation = incarnation;
  }

  get openCount(): number {
    return this.#writes.count;
  }

  begin(plan: TransactionPlan, done: (result: TransactionResult) => void): void {
    const write = this.#writes.begin(bytesOf([...plan.first.values()].flat()), done);
    if (write !== undefined) this.#try({ plan, startedMs: this.#host.monotonicMs(), tries: 0, write });
  }

  #try(attempt: Attempt): void {
    const { plan } = attempt;
    const participants = [...new Set([...plan.first.keys(), ...(plan.second?.participants ?? [])])].sort();
    if (!this.#mayEnd(participants)) {
      attempt.write.end({ type: "unreachable" });
      return;
    }
    this.#number++;
    const id = `${this.#incarnation}-${this.#number.toString(36)}`;
    const beganMs = this.#host.monotonicMs();
    const preparation: Preparation = { attempt, id, participants, beganMs, mayHold: new Set<MemberName>(), count: 0 };
    this.#host.schedule(this.#limits.prepareTimeoutMs, () => {
      if (preparation.attempt !== undefined) this.#giveUp(preparation, { type: "unreachable" });
    });
    this.#prepare(preparation, plan.first, (taken) => {
      if (plan.second === undefined) this.#decide(preparation);
      else if (taken === undefined) this.#giveUp(preparation, { type: "refused", reason: "missing" });
      else if (!attempt.write.holdBeside(taken.payload.length)) this.#giveUp(preparation, this.#writes.tooMuch);
      else this.#prepare(preparation, plan.second.share(taken), () => this.#decide(preparation));
    });
  }

  #mayEnd(participants: readonly MemberName[]): boolean {
    const { members } = this.#host;
    const reachable = new Set(members.filter((member) => this.#host.isReachable(member)));
    return participants.every((member) => reachable.has(member)) && isQuorum(members, reachable);
  }

  #prepare(preparation: Preparation, share: Share, goOn: (taken: TakenValue | undefined) => void): void {
    const { id, participants } = preparation;
    const { database } = (preparation.attempt as Attempt).plan;
    const waiting = new Set(share.keys());
    let taken: TakenValue | undefined;
    for (const [member, operations] of share) {
      preparation.mayHold.add(member);
      const request = { type: "prepare", id, participants, database, operations } as const;
      this.#host.ask(member, request, (answer) => {
        if (preparation.attempt === undefined) return;
        if (answer?.type !== "prepared") {
          this.#notPrepared(preparation, member, answer);
          return;
        }
        preparation.count += answer.count;
        taken ??= answer.taken;
        waiting.delete(member);
        if (waiting.size === 0) goOn(taken);
      });
    }
  }

  #notPrepared(preparation: Preparation, member: MemberName, answer: TransactionAnswer | undefined): void {
    if (answer === undefined) {
      this.#giveUp(preparation, { type: "unreachable" });
      return;
    }
    preparation.mayHold.delete(member);
    if (answer.type === "refused") this.#giveUp(preparation, answer);
    else this.#giveUp(preparation, undefined);
  }

  /** Nothing has been decided yet, and other nodes could only decide to give up. So no vote is needed. */
  #giveUp(preparation: Preparation, result: TransactionResult | undefined): void {
    const { id, participants, mayHold } = preparation;
    const attempt = preparation.attempt as Attempt;
    preparation.attempt = undefined;
    const request = { type: "decide", id, participants, outcome: "back" } as const;
    for (const member of mayHold) this.#host.ask(member, request, () => {});
    if (result === undefined) this.#tryAgain(attempt);
    else attempt.write.end(result);
  }

  /** Another transaction held a key. No hold-and-wait, hence no deadlock: all locks are released before the next attempt. */
  #tryAgain(attempt: Attempt): void {
    attempt.write.holdBeside(0);
    const pauseMs = this.#host.random() * Math.min(firstPauseMs * 2 ** attempt.tries, longestPauseMs);
    if (this.#host.monotonicMs() + pauseMs - attempt.startedMs > this.#limits.silenceMs * 2) {
      attempt.write.end({ type: "contended" });
      return;
    }
    this.#host.schedule(pauseMs, () => this.#try({ ...attempt, tries: attempt.tries + 1 }));
  }

  #decide(preparation: Preparation): void {
    // After that time the other nodes may have given the transaction up and forgotten it. A coordinator that was frozen
    // notices that here.
    if (this.#host.monotonicMs() - preparation.beganMs > this.#limits.prepareTimeoutMs) {
      this.#giveUp(preparation, { type: "unreachable" });
      return;
    }
    const { id, participants, count } = preparation;
    const attempt = preparation.attempt as Attempt;
    preparation.attempt = undefined;
    this.#proposer.commit(id, participants, (outcome) => {
      if (outcome === "forward") attempt.write.end({ type: "done", count });
      else if (outcome === "back") this.#tryAgain(attempt);
      else attempt.write.end({ type: "unknown" });
    });
  }
}
