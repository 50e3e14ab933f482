/** How much a check may take. */
export interface Limits {
  /** Milliseconds, for the whole check. Default: 60,000. */
  readonly timeLimitMs?: number;
  /**
   * Configurations that are kept at a time, for one partition: about 40 bytes each, and more with hundreds of clients.
   * Default: 5,000,000; at most 50,000,000.
   */
  readonly maxConfigurations?: number;
}

const defaultTimeLimitMs = 60_000;
const defaultMaxConfigurations = 5_000_000;
const mostConfigurations = 50_000_000;
/** How many steps are taken between two looks at the clock. */
const stepsPerLook = 256;

/** What is left of the limits. */
export class Budget {
  readonly #limits: Required<Limits>;
  readonly #nowMs: () => number;
  readonly #endsAtMs: number;
  #steps = 0;
  #kept = 0;
  #isOver = false;
  #exhausted: string | undefined;

  /** @throws RangeError when a limit is not a positive number, or too large */
  constructor(limits: Limits, nowMs: () => number) {
    const { timeLimitMs = defaultTimeLimitMs, maxConfigurations = defaultMaxConfigurations } = limits;
    for (const [name, value] of Object.entries({ timeLimitMs, maxConfigurations })) {
      if (!(value > 0)) throw new RangeError(`${name} is ${value}; it must be a number above 0`);
    }
    if (maxConfigurations > mostConfigurations) {
      throw new RangeError(`maxConfigurations is ${maxConfigurations}; it must be at most ${mostConfigurations}`);
    }
    this.#limits = { timeLimitMs, maxConfigurations };
    this.#nowMs = nowMs;
    this.#endsAtMs = nowMs() + timeLimitMs;
  }

  /** Why there is nothing left: the limit and its value. */
  get exhausted(): string | undefined {
    return this.#exhausted;
  }

  /** One more step was taken. False when the limits are reached. */
  step(): boolean {
    if (++this.#steps % stepsPerLook === 0 && this.#nowMs() > this.#endsAtMs) {
      this.#isOver = true;
      this.#exhausted = `no decision within timeLimitMs = ${this.#limits.timeLimitMs}`;
    }
    return this.#exhausted === undefined;
  }

  /** One more configuration is kept. */
  keep(): void {
    if (++this.#kept > this.#limits.maxConfigurations) {
      this.#exhausted = `no decision with maxConfigurations = ${this.#limits.maxConfigurations}`;
    }
  }

  /** Another partition: what was kept for the one before is not kept any longer. */
  beginPartition(): void {
    this.#kept = 0;
    if (!this.#isOver) this.#exhausted = undefined;
  }
}
