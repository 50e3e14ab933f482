import type { RateLimiter } from "../authorization/rate-limiter.ts";
import { workFor, type WorkPurpose } from "../authorization/work-challenges.ts";
import type { WorkChallenge } from "../contract/work.ts";
import { maxWorkLevel, nameKey } from "../domain/user.ts";
import { checkedWork, type CheckedWorkParts, isEnough } from "./checked-work.ts";
import type { Refusal } from "./mount-endpoint.ts";

export interface RegistrationWorkOptions extends CheckedWorkParts {
  /** Counts registrations. */
  readonly perAddress: RateLimiter;
  /** For the first registrations from an address. */
  readonly level: number;
}

/** So many registrations from an address do not raise the level. From then on each doubling does. */
const freeRegistrations = 4;

/**
 * The work before a registration. It grows with the registrations from an address: who registers thousands pays more for
 * each, and is told nothing but the work.
 */
export class RegistrationWork {
  readonly #options: RegistrationWorkOptions;

  constructor(options: RegistrationWorkOptions) {
    this.#options = options;
  }

  /** What has to be done before this name can be registered from this address. */
  challenge(name: string, address: string): Promise<WorkChallenge> {
    return this.#options.challenges.create(purposeOf(name), this.#levelFor(address));
  }

  /** Why nobody may register with this work; undefined when it is done. */
  async check(
    text: string | undefined,
    name: string,
    address: string,
  ): Promise<Refusal<"work_required" | "work_invalid"> | undefined> {
    if (text === undefined) return { failure: "work_required" };
    const done = await checkedWork(this.#options, text, purposeOf(name), address);
    if (done === undefined || done === "claimed") return { failure: "work_invalid" };
    // Asked after the turn: others may have registered while this one waited for it.
    return isEnough(done, this.#levelFor(address)) ? undefined : { failure: "work_invalid" };
  }

  /** Counts a registration. Work that led to none does not count: it can be handed in any number of times. */
  count(address: string): void {
    const { perAddress, elapsedMs } = this.#options;
    perAddress.count(address, elapsedMs());
  }

  #levelFor(address: string): number {
    const { perAddress, level, elapsedMs } = this.#options;
    const counted = perAddress.counted(address, elapsedMs());
    return Math.min(level + Math.floor(Math.log2(1 + counted / freeRegistrations)), maxWorkLevel);
  }
}

const purposeOf = (name: string): WorkPurpose => workFor("register", nameKey(name));
