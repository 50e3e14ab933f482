import { type RateLimit, RateLimiter } from "../authorization/rate-limiter.ts";
import type { Logger } from "../logging/logger.ts";
import { LabelCounts } from "./gateway-metrics.ts";

export interface DecisionLogOptions {
  readonly logger: Pick<Logger, "info">;
  /** Of 1: how many of the decisions are written. */
  readonly share: number;
  /** Bounds the lines. */
  readonly lines: RateLimit;
  /** Who has it can tell which users and addresses the lines are of. */
  readonly pseudonymKey: Uint8Array;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

/** One decision about work. */
export interface Decision {
  readonly action: string;
  readonly reason: string;
  readonly outcome: string;
  /** Undefined: there is nothing to compute. */
  readonly level: number | undefined;
  readonly subject: string;
  readonly address: string;
}

const pseudonymLength = 16;

/** A sample of the decisions, in the log, for operators who set the limits. It names nobody. */
export class DecisionLog {
  readonly counts = new LabelCounts();
  readonly #options: DecisionLogOptions;
  readonly #lines: RateLimiter;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#lines = new RateLimiter(options.lines, 1);
  }

  write({ subject, address, ...decision }: Decision): void {
    const { share, random, logger, elapsedMs } = this.#options;
    if (random() >= share) return;
    const mayWrite = this.#lines.take("", elapsedMs()) === 0;
    this.counts.add(mayWrite ? "written" : "left_out");
    if (!mayWrite) return;
    const names = { subject: this.#pseudonym(subject), address: this.#pseudonym(address) };
    logger.info("a decision about work", { ...decision, ...names });
  }

  /** The same one for the same text, so that lines can be put together. */
  #pseudonym(text: string): string {
    const { pseudonymKey } = this.#options;
    return new Bun.CryptoHasher("sha256", pseudonymKey).update(text).digest("base64url").slice(0, pseudonymLength);
  }
}
