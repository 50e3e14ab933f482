import { timingSafeEqual } from "node:crypto";
import { RateLimiter } from "./rate-limiter.ts";
import type { ProgramSettings } from "../settings/settings.ts";

export type ProgramRight = ProgramSettings["rights"][number];

/** Another program, as its key has shown. */
export interface Program {
  readonly name: string;
  may(right: ProgramRight): boolean;
  /** Whether it may see and sell this sale. */
  knows(saleId: string): boolean;
}

/** A program with its keys in clear text. */
export type ProgramEntry = Pick<ProgramSettings, "name" | "sales" | "rights" | "rate_per_second" | "burst"> & {
  /** The key, and the one before it if there is one. */
  readonly keys: readonly string[];
};

export type Admission =
  | { readonly kind: "admitted"; readonly program: Program }
  | { readonly kind: "unknown" }
  | { readonly kind: "limited"; readonly program: Program; readonly waitMs: number };

interface KnownProgram extends Program {
  readonly keyHashes: readonly Uint8Array[];
  readonly limiter: RateLimiter;
}

/** No valid key is longer: see the settings. */
const maxKeyLength = 512;

/** The programs that may use the quantity service: who they are, by their keys, and how often they may ask. */
export class Programs {
  readonly #programs: readonly KnownProgram[];
  readonly #asked = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  constructor(entries: readonly ProgramEntry[]) {
    this.#programs = entries.map(({ name, keys, sales, rights, rate_per_second, burst }) => {
      this.#asked.set(name, 0);
      this.#refused.set(name, 0);
      return {
        name,
        may: (right) => rights.includes(right),
        knows: (saleId) => sales.includes("*") || sales.includes(saleId),
        keyHashes: keys.map(hashOf),
        limiter: new RateLimiter({ ratePerSecond: rate_per_second, burst }, 1),
      };
    });
  }

  /** Requests with a right key since the start, by program. */
  get asked(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#asked);
  }

  /** Those among them that were refused, by program: beyond the limit, or with another failure. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused);
  }

  /** Finds the program of a key, and counts one request of it. */
  admit(key: string | undefined, nowMs: number): Admission {
    const program = this.#find(key);
    if (program === undefined) return { kind: "unknown" };
    count(this.#asked, program.name);
    const waitMs = program.limiter.take("", nowMs);
    return waitMs > 0 ? { kind: "limited", program, waitMs } : { kind: "admitted", program };
  }

  countRefusal(program: Program): void {
    count(this.#refused, program.name);
  }

  /** All keys are compared, each in constant time, so that the time tells nothing about them. */
  #find(key: string | undefined): KnownProgram | undefined {
    if (key === undefined || key.length > maxKeyLength) return undefined;
    const shown = hashOf(key);
    let found: KnownProgram | undefined;
    for (const program of this.#programs) {
      for (const hash of program.keyHashes) if (timingSafeEqual(hash, shown)) found = program;
    }
    return found;
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Hashed, because the comparison needs two values of the same length. */
const hashOf = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
