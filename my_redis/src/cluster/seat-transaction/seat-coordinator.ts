import { CoordinatedWrites, type CountedWrite } from "../transaction/coordinated-writes.ts";
import type { TransactionResult } from "../transaction/coordinator.ts";
import type { TransactionLimits } from "../transaction/transaction-host.ts";
import { bytesOf, type Operation, type TakenValue, type TransactionId } from "../transaction/transaction-message.ts";
import { sharesOf, type WritePlan } from "../transaction/write-plan.ts";
import type { CoordinatorHost } from "./seat-host.ts";
import type { Participants, SeatAnswer, SeatName } from "./seat-message.ts";
import { SeatTelling } from "./seat-telling.ts";

type Share = ReadonlyMap<SeatName, readonly Operation[]>;

const firstPauseMs = 2;
const longestPauseMs = 64;

interface Attempt {
  readonly plan: WritePlan;
  readonly startedMs: number;
  readonly tries: number;
  readonly write: CountedWrite<TransactionResult>;
}

interface Preparation {
  /** Undefined after the phase has ended: later answers change nothing. */
  attempt: Attempt | undefined;
  readonly id: TransactionId;
  readonly participants: Participants;
  readonly beganMs: number;
  /** Seats that have prepared, or may have: they must be told when the write is given up. */
  readonly mayHold: Set<SeatName>;
  count: number;
}

/** A write that its home was asked to decide. */
interface Commitment {
  readonly attempt: Attempt;
  readonly id: TransactionId;
  readonly participants: Participants;
  readonly count: number;
  readonly askedMs: number;
  /** Whether the home was asked before, and may have decided then. */
  isRepeated: boolean;
}

/** Begins writes across seats for this node's clients: prepares all participants, then asks the first one to decide. */
export class SeatCoordinator {
  readonly #host: CoordinatorHost;
  readonly #limits: TransactionLimits;
  readonly #incarnation: string;
  readonly #telling: SeatTelling;
  readonly #writes: CoordinatedWrites;
  #number = 0;

  /** `incarnation` is unique among all starts of all nodes; writes are named after it. */
  constructor(host: CoordinatorHost, limits: TransactionLimits, incarnation: string) {
    this.#host = host;
    this.#limits = limits;
    this.#writes = new CoordinatedWrites(limits);
    this.#incarnation = incarnation;
    this.#telling = new SeatTelling(host, limits);
  }

  /** `done` is called once, within bounded time. */
  begin(plan: WritePlan, done: (result: TransactionResult) => void): void {
    const write = this.#writes.begin(bytesOf(plan.first), done);
    if (write !== undefined) this.#try({ plan, startedMs: this.#host.monotonicMs(), tries: 0, write });
  }

  /** Each try asks anew who owns the keys. */
  #try(attempt: Attempt): void {
    const { plan } = attempt;
    const share = sharesOf(plan.first, (key) => this.#host.seatOf(key));
    const last = plan.second === undefined ? undefined : this.#host.seatOf(plan.second.key);
    const [home, ...others] = new Set([...(share?.keys() ?? []), ...(last === undefined ? [] : [last])]);
    if (share === undefined || home === undefined || (plan.second !== undefined && last === undefined)) {
      this.#tryAgain(attempt, { type: "unreachable" });
      return;
    }
    this.#number++;
    const preparation: Preparation = {
      attempt,
      id: `${this.#incarnation}-${this.#number.toString(36)}`,
      participants: [home, ...others],
      beganMs: this.#host.monotonicMs(),
      mayHold: new Set(),
      count: 0,
    };
    this.#host.schedule(this.#limits.prepareTimeoutMs, () => this.#giveUp(preparation, { type: "unreachable" }));
    this.#prepare(preparation, share, (taken) => {
      if (plan.second === undefined) this.#decide(preparation);
      else if (taken === undefined) this.#end(preparation, { type: "refused", reason: "missing" });
      else if (!attempt.write.holdBeside(taken.payload.length)) this.#end(preparation, this.#writes.tooMuch);
      else {
        const second = new Map([[last as SeatName, [plan.second.operation(taken)]]]);
        this.#prepare(preparation, second, () => this.#decide(preparation));
      }
    });
  }

  #prepare(preparation: Preparation, share: Share, goOn: (taken: TakenValue | undefined) => void): void {
    const { id, participants } = preparation;
    const { database } = (preparation.attempt as Attempt).plan;
    const waiting = new Set(share.keys());
    let taken: TakenValue | undefined;
    for (const [seat, operations] of share) {
      const isFirst = !preparation.mayHold.has(seat);
      preparation.mayHold.add(seat);
      this.#host.ask({ type: "prepare", seat, id, participants, database, operations }, (answer) => {
        if (preparation.attempt === undefined) return;
        if (answer?.type !== "prepared") {
          const isRefused = answer?.type === "busy" || answer?.type === "refused";
          if (isRefused && isFirst) preparation.mayHold.delete(seat);
          return this.#notPrepared(preparation, answer);
        }
        preparation.count += answer.count;
        taken ??= answer.taken;
        waiting.delete(seat);
        if (waiting.size === 0) goOn(taken);
      });
    }
  }

  #notPrepared(preparation: Preparation, answer: SeatAnswer | undefined): void {
    if (answer?.type === "refused") this.#end(preparation, answer);
    else this.#giveUp(preparation, { type: answer?.type === "busy" ? "contended" : "unreachable" });
  }

  /** The home was not asked to decide, and will never be: so this node may tell all participants to give up. */
  #release(preparation: Preparation): Attempt | undefined {
    const { attempt, id, mayHold } = preparation;
    preparation.attempt = undefined;
    if (attempt === undefined) return undefined;
    for (const seat of mayHold) this.#host.ask({ type: "end", seat, id, outcome: "back" }, () => {});
    return attempt;
  }

  #end(preparation: Preparation, result: TransactionResult): void {
    this.#release(preparation)?.write.end(result);
  }

  #giveUp(preparation: Preparation, problem: TransactionResult): void {
    const attempt = this.#release(preparation);
    if (attempt !== undefined) this.#tryAgain(attempt, problem);
  }

  /** No hold-and-wait, hence no deadlock: all locks are released before the next attempt. */
  #tryAgain(attempt: Attempt, problem: TransactionResult): void {
    attempt.write.holdBeside(0);
    const pauseMs = this.#pauseMs(attempt.tries);
    if (this.#host.monotonicMs() + pauseMs - attempt.startedMs > this.#limits.silenceMs * 2) {
      attempt.write.end(problem);
      return;
    }
    this.#host.schedule(pauseMs, () => this.#try({ ...attempt, tries: attempt.tries + 1 }));
  }

  #pauseMs(tries: number): number {
    return this.#host.random() * Math.min(firstPauseMs * 2 ** tries, longestPauseMs);
  }

  #decide(preparation: Preparation): void {
    const nowMs = this.#host.monotonicMs();
    // After that time a participant may have asked the home before it was prepared there, and have been told that it was given up.
    if (nowMs - preparation.beganMs > this.#limits.prepareTimeoutMs) {
      this.#giveUp(preparation, { type: "unreachable" });
      return;
    }
    const { id, participants, count } = preparation;
    const attempt = preparation.attempt as Attempt;
    preparation.attempt = undefined;
    this.#commit({ attempt, id, participants, count, askedMs: nowMs, isRepeated: false });
  }

  #commit(commitment: Commitment): void {
    const { attempt, id, participants, count } = commitment;
    this.#host.ask({ type: "commit", seat: participants[0], id }, (answer) => {
      if (answer?.type !== "decided") return this.#commitAgain(commitment);
      if (answer.outcome === "forward") {
        attempt.write.end({ type: "done", count });
        this.#telling.begin(id, participants);
      } else if (!commitment.isRepeated || this.#elapsedMs(commitment) < this.#limits.silenceMs / 2) {
        this.#tryAgain(attempt, { type: "contended" });
      } else {
        // It may have gone forward, been carried out everywhere, and been forgotten.
        attempt.write.end({ type: "unknown" });
      }
    });
  }

  #elapsedMs({ askedMs }: Commitment): number {
    return this.#host.monotonicMs() - askedMs;
  }

  /** The home decides, whenever it is asked: what was prepared stays prepared until then. */
  #commitAgain(commitment: Commitment): void {
    if (this.#elapsedMs(commitment) > this.#limits.silenceMs * 2) {
      commitment.attempt.write.end({ type: "unknown" });
      return;
    }
    commitment.isRepeated = true;
    this.#host.schedule(longestPauseMs * (0.5 + this.#host.random()), () => this.#commit(commitment));
  }
}
