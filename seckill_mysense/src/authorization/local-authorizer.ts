import { type Authorizer, type TryKind, tryKinds, type UserTry, type Verdict } from "./authorizer.ts";
import { type RateLimit, RateLimiter } from "./rate-limiter.ts";
import { type RiskReason, riskReasons } from "./risk.ts";
import { type BanRules, UserBans } from "./user-bans.ts";
import { type Holding, UserHoldings } from "./user-holdings.ts";

export interface LocalAuthorizerOptions {
  /** A kind that is missing has no limit, and nothing of it is counted. */
  readonly limits: Readonly<Partial<Record<TryKind, RateLimit>>>;
  /** The number of users that each limit tracks. */
  readonly trackedKeys: number;
  readonly bans: BanRules;
  /** Undefined without a ring: the gate is then asked each time. */
  readonly holdings: { readonly capacity: number; readonly lifetimeMs: number } | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

const noLimit: RateLimit = { ratePerSecond: 0, burst: 1 };
const allowed: Verdict = { kind: "allowed" };
const held: Verdict = { kind: "held" };

/**
 * The state of the users that this process decides about. It is kept only in memory, is bounded, and expires. Forgotten
 * state makes the decision more lenient; the gate and the ledger guarantee that no user gets too many units.
 */
export class LocalAuthorizer implements Authorizer {
  readonly #limiters: Readonly<Record<TryKind, RateLimiter>>;
  readonly #bans: UserBans;
  readonly #holdings: UserHoldings | undefined;
  readonly #elapsedMs: () => number;

  constructor({ limits, trackedKeys, bans, holdings, elapsedMs }: LocalAuthorizerOptions) {
    const limiters = tryKinds.map((kind) => [kind, new RateLimiter(limits[kind] ?? noLimit, trackedKeys)]);
    this.#limiters = Object.fromEntries(limiters) as Record<TryKind, RateLimiter>;
    this.#bans = new UserBans(bans);
    this.#holdings = holdings && new UserHoldings(holdings.capacity, holdings.lifetimeMs);
    this.#elapsedMs = elapsedMs;
  }

  /** The number of users with failed tries. */
  get failingUsers(): number {
    return this.#bans.size;
  }

  decide({ kind, userId, reservation, isPeek }: UserTry): Verdict {
    const nowMs = this.#elapsedMs();
    if (kind === "check") {
      const banMs = this.#bans.waitMs(userId, nowMs);
      if (banMs > 0) return { kind: "banned", waitMs: banMs };
    }
    const limiter = this.#limiters[kind];
    if (isRisk(kind)) {
      if (isPeek !== true) limiter.count(userId, nowMs);
      return { kind: "allowed", counted: limiter.counted(userId, nowMs) };
    }
    const waitMs = isPeek === true ? limiter.peek(userId, nowMs) : limiter.take(userId, nowMs);
    if (waitMs > 0) {
      if (kind === "check" && isPeek !== true) this.#bans.recordFailure(userId, nowMs);
      return { kind: "limited", waitMs };
    }
    if (this.#holdings === undefined || reservation === undefined) return allowed;
    return this.#holdings.has({ userId, ...reservation }, nowMs) ? held : allowed;
  }

  reportHolding(holding: Holding): void {
    this.#holdings?.add(holding, this.#elapsedMs());
  }

  reportFailure(userId: string): void {
    this.#bans.recordFailure(userId, this.#elapsedMs());
  }

  ownerOf(): string {
    return "";
  }
}

const isRisk = (kind: TryKind): kind is RiskReason => (riskReasons as readonly string[]).includes(kind);
