import { Refused } from "../refused.ts";

/** How much a check may take. */
export interface Limits {
  /**
   * Milliseconds that the search for a verdict may take. Keys share them: those that need less leave more to others.
   * Sorting the history is not interrupted. Default: 60,000.
   */
  readonly timeLimitMs?: number;
  /**
   * Configurations and states of the model that the search may keep at a time, for one partition. A configuration counts
   * once for each 128 operations that are open together. It takes about 100 bytes; a state takes what the model makes it,
   * and one state for each operation is free.
   * Default: 5,000,000; at most 50,000,000.
   */
  readonly maxConfigurations?: number;
}

const defaultTimeLimitMs = 60_000;
const defaultMaxConfigurations = 5_000_000;
const mostConfigurations = 50_000_000;
/** How many steps are taken between two looks at the clock: few, since a step may compare thousands of operations. */
const stepsPerLook = 8;

/** What is left of the limits. */
export class Budget {
  readonly #limits: Required<Limits>;
  readonly #nowMs: () => number;
  readonly #endsAtMs: number;
  #shareEndsAtMs = 0;
  #mayKeep = 0;
  #steps = 0;
  #kept = 0;
  #exhausted: keyof Limits | undefined;

  /** @throws RangeError when a limit is not a positive number, or too large */
  constructor(limits: Limits, nowMs: () => number) {
    const { timeLimitMs = defaultTimeLimitMs, maxConfigurations = defaultMaxConfigurations } = limits;
    for (const [name, value] of Object.entries({ timeLimitMs, maxConfigurations })) {
      if (!(value > 0)) throw new Refused(`${name} is ${value}; it must be a number above 0`);
    }
    if (maxConfigurations > mostConfigurations) {
      throw new Refused(`maxConfigurations is ${maxConfigurations}; it must be at most ${mostConfigurations}`);
    }
    this.#limits = { timeLimitMs, maxConfigurations };
    this.#nowMs = nowMs;
    this.#endsAtMs = nowMs() + timeLimitMs;
    this.beginPartition();
  }

  /** Which limit was reached. */
  get exhausted(): keyof Limits | undefined {
    return this.#exhausted;
  }

  get isTimeOver(): boolean {
    return this.#nowMs() >= this.#endsAtMs;
  }

  /** What it means that a limit was reached. */
  explain(limit: keyof Limits): string {
    return `no decision ${limit === "timeLimitMs" ? "within" : "with"} ${limit} = ${this.#limits[limit]}`;
  }

  /** One more step was taken. False when the limits are reached. */
  step(): boolean {
    if (++this.#steps % stepsPerLook === 0 && this.#nowMs() > this.#shareEndsAtMs) this.#exhausted = "timeLimitMs";
    return this.#exhausted === undefined;
  }

  /** Something is kept that counts so much. */
  keep(count: number): void {
    if ((this.#kept += count) > this.#mayKeep) this.#exhausted = "maxConfigurations";
  }

  /**
   * Another partition: what was kept for the one before is not kept any longer. It may take its share of the time that is
   * left, and keep at most so much.
   */
  beginPartition({ shareOfTime = 1, mayKeep = Number.POSITIVE_INFINITY } = {}): void {
    const now = this.#nowMs();
    this.#shareEndsAtMs = now + (this.#endsAtMs - now) * shareOfTime;
    this.#mayKeep = Math.min(mayKeep, this.#limits.maxConfigurations);
    this.#kept = 0;
    this.#exhausted = undefined;
  }
}
