export interface BanRules {
  /** So many failed tries within `windowMs` lead to a ban; 0 switches bans off. */
  readonly afterFailures: number;
  readonly windowMs: number;
  readonly banMs: number;
  /** Users with failed tries that are kept track of; the one that began to fail first is forgotten for another. */
  readonly maxUsers: number;
}

interface Failing {
  failures: number;
  readonly windowEndsMs: number;
  bannedUntilMs: number;
}

/** Expired entries that are cleared away each time another user fails: more than come in, so that all of them go. */
const clearedPerFailure = 2;

/**
 * Turns users away for a while who go on trying although they were refused. Only those who failed are known here, so
 * that asking about everybody else costs one look into a small map.
 */
export class UserBans {
  readonly #rules: BanRules;
  /** In the order in which they began to fail. */
  readonly #failing = new Map<string, Failing>();

  constructor(rules: BanRules) {
    this.#rules = rules;
  }

  /** Users that are kept track of. */
  get size(): number {
    return this.#failing.size;
  }

  /** Milliseconds until the user may try again; 0 when he is not banned. */
  waitMs(userId: string, nowMs: number): number {
    if (this.#failing.size === 0) return 0;
    return Math.max(0, (this.#failing.get(userId)?.bannedUntilMs ?? 0) - nowMs);
  }

  /** Counts one failed try, and bans the user when it was one too many. */
  recordFailure(userId: string, nowMs: number): void {
    const { afterFailures, windowMs, banMs, maxUsers } = this.#rules;
    if (afterFailures === 0) return;
    this.#clearExpired(nowMs);
    let entry = this.#failing.get(userId);
    if (entry !== undefined && isOver(entry, nowMs)) {
      this.#failing.delete(userId);
      entry = undefined;
    }
    if (entry === undefined) {
      if (this.#failing.size >= maxUsers) this.#failing.delete(this.#failing.keys().next().value!);
      entry = { failures: 0, windowEndsMs: nowMs + windowMs, bannedUntilMs: 0 };
      this.#failing.set(userId, entry);
    }
    entry.failures++;
    // Tries during a ban do not lengthen it: whoever waits as he was told gets in.
    if (entry.failures >= afterFailures && entry.bannedUntilMs === 0) entry.bannedUntilMs = nowMs + banMs;
  }

  #clearExpired(nowMs: number): void {
    let looked = 0;
    for (const [userId, entry] of this.#failing) {
      if (looked++ >= clearedPerFailure || !isOver(entry, nowMs)) return;
      this.#failing.delete(userId);
    }
  }
}

function isOver(entry: Failing, nowMs: number): boolean {
  return entry.bannedUntilMs === 0 ? nowMs >= entry.windowEndsMs : nowMs >= entry.bannedUntilMs;
}
