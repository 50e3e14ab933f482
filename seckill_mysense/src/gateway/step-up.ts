import type { Authorizer } from "../authorization/authorizer.ts";
import { type RiskReason, type RiskRule, riseOf } from "../authorization/risk.ts";
import { workFor } from "../authorization/work-challenges.ts";
import type { WorkChallenge } from "../contract/work.ts";
import { checkedWork, type CheckedWorkParts, isEnough } from "./checked-work.ts";
import type { DecisionLog } from "./decision-log.ts";
import { LabelCounts } from "./gateway-metrics.ts";
import { addressLimited, type Refusal } from "./mount-endpoint.ts";

export interface StepUpOptions extends CheckedWorkParts {
  /** Keeps the counts: those of a name or an address are with the gateway that owns it. */
  readonly authorizer: Pick<Authorizer, "decide">;
  readonly rules: Readonly<Record<RiskReason, RiskRule>>;
  /** The work for the lowest risk that costs any. */
  readonly level: number;
  readonly maxLevel: number;
  readonly log: Pick<DecisionLog, "write">;
}

/** What somebody tries. */
export interface RiskyTry {
  readonly action: "login" | "enter";
  /** The key of the name; for a room the sale and the user. Work for one is worth nothing for another. */
  readonly subject: string;
  readonly address: string;
}

interface Risk {
  readonly reason: RiskReason | "none";
  /** Undefined: nothing has to be computed. */
  readonly level: number | undefined;
}

type Outcome = "free" | "required" | "passed" | "invalid" | "claimed" | "too_little" | "used_before";

/**
 * Work before logins and entries to waiting rooms while the risk is raised. It grows with what was counted, up to a
 * level that a phone can bear, and falls as that is forgotten. The answer is the same for every reason: it tells what has to be
 * computed, and not why.
 */
export class StepUp {
  readonly decisions = new LabelCounts();
  readonly outcomes = new LabelCounts();
  readonly #options: StepUpOptions;

  constructor(options: StepUpOptions) {
    this.#options = options;
  }

  /** What has to be done before this can be tried; null for nothing. */
  async challenge(attempt: RiskyTry): Promise<WorkChallenge | null> {
    const { level } = await this.#riskOf(attempt);
    if (level === undefined) return null;
    return this.#options.challenges.create(workFor(attempt.action, attempt.subject), level);
  }

  /** Why this may not be tried with this work; undefined when it may. */
  async check(
    attempt: RiskyTry,
    text: string | undefined,
  ): Promise<Refusal<"work_required" | "work_invalid" | "address_limited"> | undefined> {
    const risk = await this.#riskOf(attempt);
    const waitMs = risk.level === undefined || text === undefined ? 0 : this.#tryWaitMs(attempt);
    if (waitMs > 0) return addressLimited(waitMs);
    const outcome = risk.level === undefined ? "free" : await this.#outcomeOf(attempt, text, risk.level);
    this.#note(attempt, risk, outcome);
    if (outcome === "free" || outcome === "passed") return undefined;
    return { failure: outcome === "required" ? "work_required" : "work_invalid" };
  }

  /** A login was counted before its body was read. An entry counts only if its work is to be checked, which takes a hash as well. */
  #tryWaitMs({ action, address }: RiskyTry): number {
    const { tries, elapsedMs } = this.#options;
    return action === "enter" ? tries.take(address, elapsedMs()) : 0;
  }

  async #outcomeOf(attempt: RiskyTry, text: string | undefined, level: number): Promise<Outcome> {
    if (text === undefined) return "required";
    const { action, subject, address } = attempt;
    const done = await checkedWork(this.#options, text, workFor(action, subject), address);
    if (done === undefined) return "invalid";
    if (done === "claimed") return "claimed";
    if (!isEnough(done, level)) return "too_little";
    if (!(await this.#isFirst(`work ${done.id}`))) return "used_before";
    if (done.isTooFast) await this.#count("fast_work", address);
    return "passed";
  }

  /** The password was wrong. */
  async failed({ subject, address }: RiskyTry): Promise<void> {
    await Promise.all([this.#count("name_failures", subject), this.#count("address_failures", address)]);
  }

  /** An address uses this account. It counts once an hour. */
  async usesAccount(address: string, userId: string): Promise<void> {
    if (await this.#isFirst(`account ${address} ${userId}`)) await this.#count("address_accounts", address);
  }

  async #riskOf({ action, subject, address }: RiskyTry): Promise<Risk> {
    const { level, maxLevel } = this.#options;
    const rises = await Promise.all([
      this.#riseBy("address_failures", address),
      this.#riseBy("address_accounts", address),
      this.#riseBy("fast_work", address),
      ...(action === "login" ? [this.#riseBy("name_failures", subject)] : []),
    ]);
    const highest = rises.reduce((left, right) => (right.rise > left.rise ? right : left));
    if (highest.rise === 0) return { reason: "none", level: undefined };
    return { reason: highest.reason, level: Math.min(level + highest.rise - 1, maxLevel) };
  }

  /** A gateway that does not get an answer in time is lenient, as with limits. */
  async #riseBy(reason: RiskReason, key: string): Promise<{ readonly reason: RiskReason; readonly rise: number }> {
    const verdict = await this.#options.authorizer.decide({ kind: reason, userId: key, isPeek: true });
    const counted = verdict.kind === "allowed" ? (verdict.counted ?? 0) : 0;
    return { reason, rise: riseOf(counted, this.#options.rules[reason]) };
  }

  async #count(reason: RiskReason, key: string): Promise<void> {
    await this.#options.authorizer.decide({ kind: reason, userId: key });
  }

  async #isFirst(key: string): Promise<boolean> {
    const verdict = await this.#options.authorizer.decide({ kind: "once", userId: key });
    return verdict.kind !== "limited";
  }

  #note({ action, subject, address }: RiskyTry, { reason, level }: Risk, outcome: Outcome): void {
    this.decisions.add(reason);
    this.outcomes.add(outcome);
    this.#options.log.write({ action, reason, outcome, level, subject, address });
  }
}
