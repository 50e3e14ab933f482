/** Rates are admissions in 1,000 seconds, as those of rooms. */
export interface RateRange {
  readonly least: number;
  readonly most: number;
}

/** How the checkout does, from what its processes say of themselves. */
export interface CheckoutLoad {
  /** How long a purchase takes until it is recorded: at the gate, in the outbox and in the queue. */
  readonly delayMs: number;
  /** The part of the questions to the gate that failed, 0 to 1. */
  readonly failedShare: number;
  /** Why nothing is known; undefined if the rest is. Who cannot be heard is taken for overloaded. */
  readonly unknown?: string | undefined;
}

/** What the control of one room remembers. Moments are milliseconds of a monotonic clock. */
export interface RateControl {
  readonly rate: number;
  readonly changedMs: number;
  /** The rate at which the checkout was last too slow; undefined before the first time. */
  readonly knee: number | undefined;
  /** The delay at the last look while the checkout was too slow: while it falls, what has piled up gets less. */
  readonly delayMs?: number;
  /** How often the rate has been raised near the knee since. */
  readonly probes?: number;
}

export type RateStep =
  | { readonly control: RateControl; readonly change: "up" | "none" }
  | { readonly control: RateControl; readonly change: "down" | "none"; readonly why: string };

const tooSlowMs = 2_000;
const fastMs = 500;
const tooManyFailures = 0.02;
/** Less often than this no change shows its effect: reports are a second old, and what was admitted has to buy. */
const settleMs = 5_000;
/** Near the knee the rate grows so slowly that the delay shows it before much has piled up, and then faster and faster. */
const firstProbe = { raise: 0.04, afterMs: 60_000 };
const lastProbe = { raise: 0.5, afterMs: 10_000 };
const faster = { raise: 1.5, afterMs: 0.75 };
/** Below the knee. */
const safety = 0.9;

/** The room's rate as somebody else has set it, or as it was found at the start. */
export function watchRate(control: RateControl | undefined, rate: number, nowMs: number): RateControl {
  if (control?.rate === rate) return control;
  return { rate, changedMs: nowMs, knee: control?.knee };
}

/**
 * Additive increase and multiplicative decrease keep a line of requests at its capacity, and swing around it. This one
 * remembers at which rate the checkout became too slow, as TCP CUBIC does (RFC 9438): it comes back quickly to a little
 * below it, stays there, and probes slowly.
 */
export function controlRate(control: RateControl, load: CheckoutLoad, range: RateRange, nowMs: number): RateStep {
  const { rate, knee } = control;
  const waitedMs = nowMs - control.changedMs;
  const why = describeOverload(load);
  if (why !== undefined) {
    if (rate <= range.least && knee !== undefined) return { control, change: "none", why };
    if (waitedMs < settleMs) return { control, change: "none", why };
    const { delayMs } = load;
    const isDraining =
      load.unknown === undefined && load.failedShare <= tooManyFailures && delayMs < (control.delayMs ?? 0);
    if (isDraining) return { control: { ...control, changedMs: nowMs, delayMs }, change: "none", why };
    // The first knee was found with steps of a half, and may be far above the capacity.
    const lower = Math.max(range.least, Math.floor(rate * (knee === undefined ? 0.7 : 0.85)));
    const change = lower < rate ? "down" : "none";
    return { control: { rate: lower, changedMs: nowMs, knee: rate, delayMs }, change, why };
  }
  const isFast = load.delayMs < fastMs && load.failedShare === 0;
  if (!isFast || rate >= range.most || waitedMs < settleMs) return { control, change: "none" };
  const calm = knee === undefined ? Infinity : Math.max(range.least, knee * safety);
  if (rate < Math.floor(calm)) {
    const higher = Math.min(range.most, Math.ceil(Math.min(calm, rate * 1.5)));
    return { control: { rate: higher, changedMs: nowMs, knee, probes: 0 }, change: "up" };
  }
  const { probes = 0 } = control;
  const afterMs = Math.max(lastProbe.afterMs, firstProbe.afterMs * faster.afterMs ** probes);
  if (waitedMs < afterMs) return { control, change: "none" };
  const raise = Math.min(lastProbe.raise, firstProbe.raise * faster.raise ** probes);
  const higher = Math.min(range.most, Math.ceil(rate * (1 + raise)));
  return { control: { rate: higher, changedMs: nowMs, knee, probes: probes + 1 }, change: "up" };
}

/** Why fewer are to be admitted; undefined if the checkout keeps up. */
function describeOverload({ delayMs, failedShare, unknown }: CheckoutLoad): string | undefined {
  if (unknown !== undefined) return unknown;
  if (failedShare > tooManyFailures) return `${Math.round(failedShare * 100)}% of the questions to the gate failed`;
  return delayMs > tooSlowMs ? `a purchase takes ${(delayMs / 1_000).toFixed(1)} s until it is recorded` : undefined;
}
