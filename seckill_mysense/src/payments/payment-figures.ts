import type { LedgerPayments, RefundFigures, StrandedPayments } from "../ledger/payments.ts";

export interface PaymentFiguresOptions {
  readonly payments: Pick<LedgerPayments, "readRefunds" | "readStranded">;
  /** The providers that the settings name. */
  readonly providers: readonly string[];
  /** Is told whether payments and refunds need an operator. */
  readonly health: { ok(): void; degraded(reason: string): void };
  readonly now: () => number;
  readonly refreshMs: number;
}

/** A refund that fails for this long needs somebody to look at it. */
const lateRefundMs = 3_600_000;

/** Payments and refunds that wait, for metrics and health. They are read now and then: a scrape must not wait for the ledger. */
export class PaymentFigures {
  readonly #options: PaymentFiguresOptions;
  #refunds: RefundFigures = { waiting: 0, failing: 0, held: 0, oldestMs: undefined };
  #stranded: StrandedPayments = { payments: 0, refunds: 0, providers: [] };
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: PaymentFiguresOptions) {
    this.#options = options;
  }

  get gauges(): Readonly<Record<string, number>> {
    const { waiting, failing, held } = this.#refunds;
    return {
      seckill_refunds_waiting: waiting,
      seckill_refunds_failing: failing,
      seckill_refunds_held: held,
      seckill_refund_oldest_seconds: Math.round(this.#oldestAgeMs() / 1_000),
      seckill_payments_stranded: this.#stranded.payments + this.#stranded.refunds,
    };
  }

  start(): void {
    const refresh = (): void => void this.refresh().catch(() => {});
    refresh();
    this.#timer = setInterval(refresh, this.#options.refreshMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Rejects when the ledger is away, which has a health part of its own; the figures are then older. */
  async refresh(): Promise<void> {
    const { payments, providers, health } = this.#options;
    this.#refunds = await payments.readRefunds();
    this.#stranded = await payments.readStranded(providers);
    const problems = this.#problems();
    if (problems.length === 0) health.ok();
    else health.degraded(problems.join("; "));
  }

  #problems(): string[] {
    const { failing, held } = this.#refunds;
    const { payments, refunds, providers } = this.#stranded;
    const problems: string[] = [];
    if (held > 0) problems.push(`${held} refunds cannot be made by the provider: see "seckill refunds list"`);
    if (failing > held && this.#oldestAgeMs() > lateRefundMs) {
      problems.push(`${failing - held} refunds fail, and the oldest has waited for more than an hour`);
    }
    if (payments + refunds > 0) {
      const whose = `belong to ${providers.join(", ")}, which the settings do not name: add it to payments.former`;
      problems.push(`${payments} payments and ${refunds} refunds ${whose}`);
    }
    return problems;
  }

  #oldestAgeMs(): number {
    const { oldestMs } = this.#refunds;
    return oldestMs === undefined ? 0 : Math.max(0, this.#options.now() - oldestMs);
  }
}
