import type { LedgerPayments } from "../ledger/payments.ts";
import type { Logger } from "../logging/logger.ts";

export interface RefundFiguresOptions {
  readonly payments: Pick<LedgerPayments, "readRefunds">;
  readonly logger: Logger;
  readonly now: () => number;
  readonly refreshMs: number;
}

/** The waiting refunds for /metrics, read from the ledger now and then: a scrape must not wait for the ledger. */
export class RefundFigures {
  readonly #options: RefundFiguresOptions;
  #waiting = 0;
  #failing = 0;
  #oldestMs: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: RefundFiguresOptions) {
    this.#options = options;
  }

  get gauges(): Readonly<Record<string, number>> {
    const { now } = this.#options;
    return {
      seckill_refunds_waiting: this.#waiting,
      seckill_refunds_failing: this.#failing,
      seckill_refund_oldest_seconds:
        this.#oldestMs === undefined ? 0 : Math.max(0, Math.round((now() - this.#oldestMs) / 1_000)),
    };
  }

  start(): void {
    void this.#refresh();
    this.#timer = setInterval(() => void this.#refresh(), this.#options.refreshMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    try {
      const { waiting, failing, oldestMs } = await this.#options.payments.readRefunds();
      [this.#waiting, this.#failing, this.#oldestMs] = [waiting, failing, oldestMs];
    } catch (error) {
      // The catalogue reports an outage of the ledger; here it only means that the figures are older.
      this.#options.logger.debug("the refunds cannot be read", { error: String(error) });
    }
  }
}
