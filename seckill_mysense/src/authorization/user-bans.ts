export interface BanRules {
  /** The number of failed tries within `windowMs` that leads to a ban; 0 switches bans off. */
  readonly afterFailures: number;
  readonly windowMs: number;
  readonly banMs: number;
  /** The most users with failed tries that are tracked. Beyond it, the user who failed first is forgotten. */
  readonly maxUsers: number;
}

interface Failing {
  failures: number;
  readonly windowEndsMs: number;
  bannedUntilMs: number;
}

/** Expired entries removed at each failure. It is more than one, so entries are removed faster than they are added. */
const clearedPerFailure = 2;

/**
 * Bans users for a while who continue to try although they were refused. Only users with failed tries are stored, so
 * the check of any other user is one lookup in a small map. All times are those of a monotonic clock.
 */
export class UserBans {
  readonly #rules: BanRules;
  /** In the order of the first failure. */
  readonly #failing = new Map<string, Failing>();

  constructor(rules: BanRules) {
    this.#rules = rules;
  }

  /** The number of users that are tracked. */
  get size(): number {
    return this.#failing.size;
  }

  /** Milliseconds until the user may try again; 0 without a ban. */
  waitMs(userId: string, nowMs: number): number {
    if (this.#failing.size === 0) return 0;
    return Math.max(0, (this.#failing.get(userId)?.bannedUntilMs ?? 0) - nowMs);
  }

  /** Counts one failed try, and bans the user if the limit is reached. */
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
    // Tries during a ban do not extend it: a client that waits for `Retry-After` is let in.
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
