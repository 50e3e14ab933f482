import type { SessionMark } from "../domain/session-mark.ts";
import type { Revocation } from "../ledger/revocations.ts";

interface Epoch {
  readonly leastEpoch: number;
  readonly untilMs: number;
}

/** Entries that are looked at in one turn of forgetting. */
const lookedAt = 1_024;

/**
 * The revocations that are in force, in memory: /check asks them for each request. When there is no room for one more, the
 * oldest of its kind is dropped, and what it revoked is valid here again. A flood of logouts drops no revocation of all
 * sessions of a user.
 */
export class Revocations {
  /** In the order in which they became known. */
  readonly #sessions = new Map<string, number>();
  readonly #users = new Map<string, Epoch>();
  readonly #capacity: number;
  #dropped = 0;

  /** `capacity` is the number of sessions, and the number of users. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** Revocations that were dropped because there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the session is over, or the one by which a token was got. */
  isRevoked(userId: string, mark: SessionMark | undefined): boolean {
    if (this.#sessions.size > 0 && mark !== undefined && this.#sessions.has(mark.sessionId)) return true;
    if (this.#users.size === 0) return false;
    const user = this.#users.get(userId);
    return user !== undefined && (mark?.epoch ?? 0) < user.leastEpoch;
  }

  add({ userId, sessionId, leastEpoch, untilMs }: Revocation): void {
    if (sessionId !== undefined) this.#put(this.#sessions, sessionId, untilMs);
    // Those of one user may arrive in another order than they were made in.
    else if (leastEpoch >= (this.#users.get(userId)?.leastEpoch ?? 0))
      this.#put(this.#users, userId, { leastEpoch, untilMs });
  }

  #put<Value>(map: Map<string, Value>, key: string, value: Value): void {
    map.delete(key);
    if (map.size >= this.#capacity) {
      map.delete(map.keys().next().value!);
      this.#dropped++;
    }
    map.set(key, value);
  }

  /** Forgets what has ended, of the oldest entries: to be called now and then. */
  forgetEnded(nowMs: number): void {
    forgetFirst(this.#sessions, (untilMs) => untilMs < nowMs);
    forgetFirst(this.#users, ({ untilMs }) => untilMs < nowMs);
  }
}

function forgetFirst<Value>(map: Map<string, Value>, isOver: (value: Value) => boolean): void {
  let looked = 0;
  for (const [key, value] of map) {
    if (looked++ >= lookedAt) return;
    if (isOver(value)) map.delete(key);
  }
}
