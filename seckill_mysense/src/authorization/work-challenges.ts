import { createChallenge, verifySolution } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/scrypt";
import { work, type WorkAction, workChallenge, type WorkChallenge } from "../contract/work.ts";
import { deriveBytes, type SigningChoice } from "./signing-key.ts";

/** What work is for. Work for one name is worth nothing for another. */
export interface WorkPurpose {
  readonly action: WorkAction;
  readonly subject: string;
}

/** Work that was done. */
export interface DoneWork {
  readonly level: number;
  /** No other challenge has this one. */
  readonly id: string;
  /** Whether no browser is as fast: it took less than a millisecond for each try of 8 MiB. */
  readonly isTooFast: boolean;
}

/** Longer than the highest level of each takes on a slow phone, and too short to save up work for days. Milliseconds. */
export const workLifetimesMs: Readonly<Record<WorkAction, number>> = {
  register: 60 * 60_000,
  login: 10 * 60_000,
  enter: 10 * 60_000,
};

/** `r` of scrypt. With it, a try takes `cost` KiB of memory. */
const blockSize = 8;
const leastCost = 1 << 13;
/** The memory of a try doubles with each level; after these, one more digit is asked for, which is 16 times the tries. */
const levelsPerDigit = 4;

/**
 * Work that has to be done before something may be tried: to find an input whose scrypt hash begins with given digits.
 * The protocol is that of ALTCHA, version 2. A try takes 8 to 64 MiB of memory; on average 16 are needed, at the highest
 * levels 4,096. Each one is checked with a single try.
 *
 * A challenge is signed and bound to what it is for, and nothing is stored. So work can be handed in twice: where that would be a
 * gain, the caller has to remember its id.
 */
export class WorkChallenges {
  readonly #secrets: readonly string[];
  readonly #choice: SigningChoice;
  readonly #now: () => number;

  /** The chosen secret signs; all secrets verify. `now`: Unix milliseconds. */
  constructor(secrets: readonly string[], choice: SigningChoice, now: () => number) {
    this.#secrets = secrets.map((secret) => Buffer.from(deriveBytes(secret, "work-challenge")).toString("hex"));
    this.#choice = choice;
    this.#now = now;
  }

  /** `level`: from 0 to `maxWorkLevel`. Each one takes twice the time of the one before. */
  async create(purpose: WorkPurpose, level: number): Promise<WorkChallenge> {
    const nowMs = this.#now();
    const challenge = await createChallenge({
      algorithm: "SCRYPT",
      cost: leastCost << (level % levelsPerDigit),
      memoryCost: blockSize,
      parallelism: 1,
      keyLength: 32,
      keyPrefix: "0".repeat(1 + Math.floor(level / levelsPerDigit)),
      deriveKey,
      expiresAt: Math.ceil((nowMs + workLifetimesMs[purpose.action]) / 1000),
      data: { ...purpose, issuedAtMs: nowMs },
      hmacSignatureSecret: this.#secrets[this.#choice.index]!,
    });
    return workChallenge.parse(challenge);
  }

  /**
   * The work for this purpose; undefined if it is not done, or not for that; "claimed" if the work looked right, so that it
   * took a try to find out that it is not. `text`: base64 of the JSON of a challenge and its solution, as ALTCHA's widget sends it.
   */
  async read(text: string, { action, subject }: WorkPurpose): Promise<DoneWork | "claimed" | undefined> {
    const read = work.safeParse(parsed(text));
    if (!read.success) return undefined;
    const { challenge } = read.data;
    const solution = { time: 0, ...read.data.solution };
    const { data, expiresAt, keyPrefix } = challenge.parameters;
    if (data.action !== action || data.subject !== subject || expiresAt * 1000 < this.#now()) return undefined;
    if (!solution.derivedKey.startsWith(keyPrefix)) return undefined;
    for (const hmacSignatureSecret of this.#secrets) {
      const { invalidSignature, verified } = await verifySolution({
        ...{ challenge, solution, deriveKey, hmacSignatureSecret },
      });
      if (invalidSignature === true) continue;
      return verified ? doneWork(challenge, solution.counter + 1, this.#now()) : "claimed";
    }
    return undefined;
  }
}

function doneWork({ parameters, signature }: WorkChallenge, tries: number, nowMs: number): DoneWork {
  const { cost, keyPrefix, data } = parameters;
  const sizeOfTry = cost / leastCost;
  return {
    level: (keyPrefix.length - 1) * levelsPerDigit + Math.log2(sizeOfTry),
    id: signature,
    isTooFast: nowMs - data.issuedAtMs < tries * sizeOfTry,
  };
}

/** A hash in place of names: browsers and ALTCHA's widget pack a challenge with `btoa`, which takes no other letters. */
export function workFor(action: WorkAction, subject: string): WorkPurpose {
  return { action, subject: new Bun.CryptoHasher("sha256").update(subject).digest("base64url") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64").toString());
  } catch {
    return undefined;
  }
}
