import type { Payment, Refund } from "../domain/payment.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { LedgerPayments } from "../ledger/payments.ts";
import { backoffMs, type Backoff } from "../time/backoff.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import { spread } from "../time/randomness.ts";
import type { PaymentProvider } from "./payment-provider.ts";

export interface PaymentKeeperOptions {
  readonly payments: Pick<
    LedgerPayments,
    "apply" | "takeUndecided" | "takeRefunds" | "markRefunded" | "markRefundFailed"
  >;
  readonly provider: PaymentProvider;
  readonly logger?: Logger;
  /** Pause between two rounds. */
  readonly intervalMs?: number;
  /** Payments and refunds in one round. */
  readonly maxBatch?: number;
  /** Requests to the provider at a time. */
  readonly maxConcurrent?: number;
  readonly now?: Clock["now"];
}

export interface KeeperRound {
  /** Payments whose end the provider told when it was asked. */
  readonly decided: number;
  readonly refunded: number;
  /** Questions and refunds that got no answer. */
  readonly failed: number;
}

export interface PaymentKeeper {
  /** Starts a round, or joins the running one. */
  round(): Promise<KeeperRound>;
  stop(): Promise<void>;
}

/** Pauses between tries of one refund. The provider may be away for hours, and no refund is ever given up. */
const refundBackoff: Backoff = { firstMs: 1_000, maxMs: 3_600_000, random: spread };
/** A payment is asked about again after as long as it is old, within these bounds. */
const askAgain = { leastMs: 10_000, mostMs: 3_600_000 };
/** A refund that is pending, or whose process died, is sent again after this time. */
const leaseMs = 60_000;

/**
 * Asks the provider about payments whose callback did not come, and sends refunds until the provider has confirmed
 * them. Several keepers may run at once: each takes other work, and both kinds of work may be done twice.
 */
export function startPaymentKeeper(options: PaymentKeeperOptions): PaymentKeeper {
  const { intervalMs = 1_000, logger = silentLogger } = options;
  const stopping = new AbortController();
  let running: Promise<KeeperRound> | undefined;
  const round = (): Promise<KeeperRound> => {
    running ??= new Round(options).run().finally(() => (running = undefined));
    return running;
  };
  const keep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round().catch((error: unknown) => {
        logger.error("a round over the payments failed", { error: String(error) });
      });
      await pause(intervalMs, stopping.signal);
    }
  };
  const keeping = keep();
  return {
    round,
    async stop() {
      stopping.abort();
      await keeping;
    },
  };
}

class Round {
  readonly #options: PaymentKeeperOptions;
  readonly #logger: Logger;
  readonly #now: Clock["now"];
  #decided = 0;
  #refunded = 0;
  /** One log line for an outage of the provider, not one for each refund. */
  readonly #failures: string[] = [];

  constructor(options: PaymentKeeperOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#now = options.now ?? systemClock.now;
  }

  async run(): Promise<KeeperRound> {
    const { payments, maxBatch = 100 } = this.#options;
    const refunds = await payments.takeRefunds(this.#now(), this.#now() + leaseMs, maxBatch);
    await this.#each(refunds, (refund) => this.#refund(refund));
    const undecided = await payments.takeUndecided(this.#now(), { ...askAgain, limit: maxBatch });
    await this.#each(undecided, (payment) => this.#ask(payment));
    const failed = this.#failures.length;
    if (failed > 0) {
      this.#logger.warn("the provider of payments did not do what was asked", { failed, error: this.#failures[0] });
    }
    return { decided: this.#decided, refunded: this.#refunded, failed };
  }

  async #each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    const waiting = items.values();
    const worker = async (): Promise<void> => {
      for (const item of waiting) await work(item);
    };
    await Promise.all(Array.from({ length: this.#options.maxConcurrent ?? 8 }, worker));
  }

  async #refund(refund: Refund): Promise<void> {
    const { payments, provider } = this.#options;
    const { paymentId, tries, reason } = refund;
    try {
      this.#mustKnow(refund.provider);
      if ((await provider.refund(refund)) === "refunded") {
        await payments.markRefunded(paymentId);
        this.#refunded++;
        this.#logger.info("a payment was refunded", { paymentId, reason });
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failures.push(text);
      const tryAtMs = this.#now() + Math.ceil(backoffMs(tries, refundBackoff));
      await payments.markRefundFailed(paymentId, { error: text, tryAtMs });
    }
  }

  /** A payment belongs to the provider through which it was made, also after the settings name another one. */
  #mustKnow(provider: string): void {
    if (provider === this.#options.provider.name) return;
    throw new Error(
      `the payment was made through ${provider}, but payments.provider is ${this.#options.provider.name}`,
    );
  }

  async #ask(payment: Payment): Promise<void> {
    try {
      this.#mustKnow(payment.provider);
      const event = await this.#options.provider.ask(payment);
      if (event === undefined) return;
      const outcome = await this.#options.payments.apply(event);
      this.#decided++;
      this.#logger.info("a payment was decided by asking", { paymentId: payment.id, outcome });
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    }
  }
}
