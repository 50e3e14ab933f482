import type { Payment, PaymentEvent, Refund } from "../domain/payment.ts";
import { silentLogger, type Logger } from "../logging/logger.ts";
import type { LedgerPayments } from "../ledger/payments.ts";
import { backoffMs, type Backoff } from "../time/backoff.ts";
import { systemClock, type Clock } from "../time/clock.ts";
import { pause } from "../time/pause.ts";
import { spread } from "../time/randomness.ts";
import { type PaymentProvider, ProviderRefusedError, RefundFailedError } from "./payment-provider.ts";
import type { PaymentProviders } from "./payment-providers.ts";

export interface PaymentKeeperOptions {
  readonly payments: Pick<
    LedgerPayments,
    "apply" | "takeUndecided" | "stopAsking" | "takeRefunds" | "markRefunded" | "markRefundFailed" | "pruneEvents"
  >;
  /** Without any, only old events are forgotten. */
  readonly providers: PaymentProviders;
  /** How long after its start a payment is asked about. */
  readonly askForMs?: number;
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

/**
 * Pauses between tries of one refund. The provider may be away for hours, and no refund is ever given up: one that has
 * failed for good waits for an operator.
 */
const refundBackoff: Backoff = { firstMs: 1_000, maxMs: 3_600_000, random: spread };
/** A payment is asked about again after as long as it is old, within these bounds. */
const askAgain = { leastMs: 10_000, mostMs: 3_600_000, mostFailedMs: 86_400_000 };
/** Providers decide slow ways to pay within this time. */
export const defaultAskForMs = 14 * 86_400_000;
/** Providers send a callback again for days, and by hand for some weeks. */
const eventsKeptMs = 90 * 86_400_000;
/** Events that are forgotten in one round, while there are any. */
const maxPruned = 1_000;
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
    const providers = this.#options.providers.names;
    if (providers.length > 0) {
      const refunds = await payments.takeRefunds(this.#now(), this.#now() + leaseMs, maxBatch, providers);
      await this.#each(refunds, (refund) => this.#refund(refund));
      const undecided = await payments.takeUndecided(this.#now(), { ...askAgain, limit: maxBatch, providers });
      await this.#each(undecided, (payment) => this.#ask(payment));
    }
    await payments.pruneEvents(this.#now() - eventsKeptMs, maxPruned);
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
    const { payments, providers } = this.#options;
    const { paymentId, tries, reason } = refund;
    try {
      if ((await providers.find(refund.provider)?.refund(refund)) === "refunded") {
        await payments.markRefunded(paymentId);
        this.#refunded++;
        this.#logger.info("a payment was refunded", { paymentId, reason });
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failures.push(text);
      const tryAtMs = this.#now() + Math.ceil(backoffMs(tries, refundBackoff));
      const isHeld = error instanceof RefundFailedError;
      if (isHeld) this.#logger.error("a refund waits for an operator", { paymentId, reason, error: text });
      await payments.markRefundFailed(paymentId, { error: text, tryAtMs, isHeld });
    }
  }

  async #ask(payment: Payment): Promise<void> {
    const { payments, providers, askForMs = defaultAskForMs } = this.#options;
    const { id, createdAtMs } = payment;
    try {
      const provider = providers.find(payment.provider)!;
      const isLast = this.#now() - createdAtMs >= askForMs;
      const event = (await provider.ask(payment)) ?? (isLast ? await this.#giveUp(provider, payment) : undefined);
      if (event === undefined) return;
      const outcome = await payments.apply(event);
      if (isLast) await payments.stopAsking(id);
      // A payment that failed before is asked about too, and mostly has failed for good.
      if (outcome === "duplicate") return;
      this.#decided++;
      this.#logger.info("a payment was decided by asking", { paymentId: id, outcome });
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    }
  }

  /** An abandoned payment is ended at the provider before it counts as failed: nobody would ask about its money. */
  async #giveUp(provider: PaymentProvider, payment: Payment): Promise<PaymentEvent> {
    try {
      await provider.end(payment);
    } catch (error) {
      if (!(error instanceof ProviderRefusedError)) throw error;
      // Its callback would still count.
      this.#logger.warn("a payment is given up that the provider does not end", {
        paymentId: payment.id,
        error: error.message,
      });
    }
    return { id: `asked:${payment.id}:ended`, paymentId: payment.id, kind: "failed" };
  }
}
