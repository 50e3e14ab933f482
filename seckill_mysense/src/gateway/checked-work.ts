import type { PasswordHasher } from "../authorization/password-hasher.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import type { DoneWork, WorkChallenges, WorkPurpose } from "../authorization/work-challenges.ts";

export interface CheckedWorkParts {
  readonly challenges: WorkChallenges;
  /** Bounds how many checks run at a time. */
  readonly hasher: Pick<PasswordHasher, "inTurn">;
  /** Registrations and logins from an address, as they are limited. */
  readonly tries: Pick<RateLimiter, "take" | "count">;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

/**
 * So many more tries are used up by work that was only claimed, which no honest client does: to find it out takes up to five times
 * as long as a login.
 */
const claimTries = 8;
/** The risk, or the registrations from the address, may have grown while the work was done. */
const levelsLate = 1;

/** What was done for this purpose; undefined for nothing. `claimed`: it took a try to find out that it is not done. */
export async function checkedWork(
  { challenges, hasher, tries, elapsedMs }: CheckedWorkParts,
  text: string,
  purpose: WorkPurpose,
  address: string,
): Promise<DoneWork | "claimed" | undefined> {
  const done = await hasher.inTurn(() => challenges.read(text, purpose));
  if (done === "claimed") for (let number = 0; number < claimTries; number++) tries.count(address, elapsedMs());
  return done;
}

export function isEnough(done: DoneWork, level: number): boolean {
  return done.level >= level - levelsLate;
}
