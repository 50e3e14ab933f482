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

/** What one write across nodes is to do. */
export interface TransactionPlan {
  readonly database: number;
  /** Prepared by all at once. */
  readonly first: Share;
  /** Prepared when the first has been, from the value that "take" handed over. */
  readonly second?: {
    readonly participants: readonly MemberName[];
    share(taken: TakenValue): Share;
  };
}

export type TransactionResult =
  /** Done, everywhere and durable; `count` keys existed that were deleted. */
  | { readonly type: "done"; readonly count: number }
  /** A check failed ("exists", "missing", or the text of an error): nothing was changed. */
  | { readonly type: "refused"; readonly reason: string }
  /** Others held the keys for too long: nothing was changed. */
  | { readonly type: "contended" }
  /** A node that is needed does not answer: nothing was or will be changed. */
  | { readonly type: "unreachable" }
  /** Too few nodes answer to tell whether it was done. It is done or undone by itself once they do. */
  | { readonly type: "unknown" };

const firstPauseMs = 2;
const longestPauseMs = 64;

interface Attempt {
  readonly plan: TransactionPlan;
  readonly startedMs: number;
  readonly tries: number;
  readonly done: (result: TransactionResult) => void;
}

interface Preparation {
  /** Undefined once it has gone on or been given up: then later answers change nothing, and no value is kept for them. */
  attempt: Attempt | undefined;
  readonly id: TransactionId;
  readonly participants: readonly MemberName[];
  readonly beganMs: number;
  /** Those who have prepared, or may have: who gives up must tell them. */
  readonly mayHold: Set<MemberName>;
  count: number;
}

/** Begins transactions for this node's clients: prepares all that take part, then has the decision made. */
export class Coordinator {
  readonly #host: TransactionHost;
  readonly #limits: TransactionLimits;
  readonly #proposer: Proposer;
  readonly #incarnation: string;
  #number = 0;
  #open = 0;
  #openBytes = 0;

  /** `incarnation` is never used again by any node: transactions are named after it. */
  constructor(host: TransactionHost, limits: TransactionLimits, proposer: Proposer, incarnation: string) {
    this.#host = host;
    this.#limits = limits;
    this.#proposer = proposer;
    this.#incarnation = incarnation;
  }

  get openCount(): number {
    return this.#open;
  }

  begin(plan: TransactionPlan, done: (result: TransactionResult) => void): void {
    const bytes = bytesOf([...plan.first.values()].flat());
    const { maxCoordinated, maxPreparedBytes } = this.#limits;
    if (this.#open >= maxCoordinated || this.#openBytes + bytes > maxPreparedBytes) {
      const reason = `TRYAGAIN More than ${maxCoordinated} writes across nodes, or ${maxPreparedBytes} bytes of them, wait`;
      done({ type: "refused", reason });
      return;
    }
    this.#open++;
    this.#openBytes += bytes;
    const end = (result: TransactionResult): void => {
      this.#open--;
      this.#openBytes -= bytes;
      done(result);
    };
    this.#try({ plan, startedMs: this.#host.monotonicMs(), tries: 0, done: end });
  }

  #try(attempt: Attempt): void {
    const { plan } = attempt;
    const participants = [...new Set([...plan.first.keys(), ...(plan.second?.participants ?? [])])].sort();
    if (!this.#mayEnd(participants)) {
      attempt.done({ type: "unreachable" });
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

  /** Nothing has been decided yet, and nobody else can decide but to give up, too: so it is enough to say so. */
  #giveUp(preparation: Preparation, result: TransactionResult | undefined): void {
    const { id, participants, mayHold } = preparation;
    const attempt = preparation.attempt as Attempt;
    preparation.attempt = undefined;
    const request = { type: "decide", id, participants, outcome: "back" } as const;
    for (const member of mayHold) this.#host.ask(member, request, () => {});
    if (result === undefined) this.#tryAgain(attempt);
    else attempt.done(result);
  }

  /** Somebody else held a key: none waits while it holds others, so that nobody waits for ever. */
  #tryAgain(attempt: Attempt): void {
    const pauseMs = this.#host.random() * Math.min(firstPauseMs * 2 ** attempt.tries, longestPauseMs);
    if (this.#host.monotonicMs() + pauseMs - attempt.startedMs > this.#limits.silenceMs * 2) {
      attempt.done({ type: "contended" });
      return;
    }
    this.#host.schedule(pauseMs, () => this.#try({ ...attempt, tries: attempt.tries + 1 }));
  }

  #decide(preparation: Preparation): void {
    // After that time others may have given it up and forgotten it: a node that was frozen notices here.
    if (this.#host.monotonicMs() - preparation.beganMs > this.#limits.prepareTimeoutMs) {
      this.#giveUp(preparation, { type: "unreachable" });
      return;
    }
    const { id, participants, count } = preparation;
    const attempt = preparation.attempt as Attempt;
    preparation.attempt = undefined;
    this.#proposer.commit(id, participants, (outcome) => {
      if (outcome === "forward") attempt.done({ type: "done", count });
      else if (outcome === "back") this.#tryAgain(attempt);
      else attempt.done({ type: "unknown" });
    });
  }
}
