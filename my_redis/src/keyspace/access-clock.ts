/**
 * The 24 bits of a record's access clock, and how they change. For the LFU policies, bits 8-23 are the minute of the
 * last access and bits 0-7 a counter of accesses on a logarithmic scale. For all other policies, the bits are the
 * second of the last access. Minutes start again at 0 after 45 days, seconds after 194 days.
 */
export class AccessClock {
  /** lfu-log-factor: the higher it is, the more accesses are needed to raise the counter. */
  logFactor = 10;
  /** lfu-decay-time: minutes without access after which the counter falls by one; 0 for never. */
  decayMinutes = 1;
  /**
   * True when an access only has to set the clock to the current second. It is a field, and not computed, because each
   * access reads it.
   */
  setsSecond = true;
  #countsAccesses = false;
  #marks = true;
  readonly #steadyMs: () => number;
  readonly #random: () => number;

  /** `steadyMs`: Unix milliseconds of a clock that nobody sets. `random` gives numbers in [0, 1). */
  constructor({ steadyMs, random }: { readonly steadyMs: () => number; readonly random: () => number }) {
    this.#steadyMs = steadyMs;
    this.#random = random;
  }

  /** Whether the policy is an LFU policy. After a change, each record keeps its old clock until its next access. */
  get countsAccesses(): boolean {
    return this.#countsAccesses;
  }

  set countsAccesses(counts: boolean) {
    this.#countsAccesses = counts;
    this.setsSecond = this.#marks && !counts;
  }

  /** Off during the commands of a client that asked for NO-TOUCH. */
  get marks(): boolean {
    return this.#marks;
  }

  set marks(marks: boolean) {
    this.#marks = marks;
    this.setsSecond = marks && !this.#countsAccesses;
  }

  get second(): number {
    return Math.floor(this.#steadyMs() / 1000) & secondMask;
  }

  get #minute(): number {
    return Math.floor(this.#steadyMs() / 60_000) & minuteMask;
  }

  /** The clock of a record that is created now. */
  get fresh(): number {
    return this.countsAccesses ? (this.#minute << counterBits) | initialCount : this.second;
  }

  /** The new clock of a record that is used now and had this clock. */
  used(clock: number): number {
    if (!this.countsAccesses) return this.second;
    return (this.#minute << counterBits) | this.#raised(this.frequency(clock));
  }

  /**
   * Raises a counter with a chance that falls as the counter grows. The points of a new record do not reduce the
   * chance.
   */
  #raised(count: number): number {
    if (count >= maxCount) return maxCount;
    const chance = 1 / (Math.max(0, count - initialCount) * this.logFactor + 1);
    return this.#random() < chance ? count + 1 : count;
  }

  /** The current value of the counter of accesses, 0 to 255: it falls with time. */
  frequency(clock: number): number {
    const count = clock & maxCount;
    if (this.decayMinutes === 0) return count;
    const minutes = (this.#minute - (clock >>> counterBits)) & minuteMask;
    return Math.max(0, count - Math.floor(minutes / this.decayMinutes));
  }

  /** Seconds since the last access. */
  idleSeconds(clock: number): number {
    return (this.second - clock) & secondMask;
  }

  /**
   * The clock of a record that was last used so many seconds ago. More seconds than the clock can express become half
   * of its range.
   */
  idleFor(seconds: number): number {
    const now = this.second;
    return seconds <= now ? now - seconds : (now + (secondMask >>> 1)) % secondMask;
  }

  /** The clock of a record with this counter of accesses, 0 to 255. */
  countedAs(count: number): number {
    return (this.#minute << counterBits) | count;
  }
}

const secondMask = 0xffffff;
const minuteMask = 0xffff;
const counterBits = 8;
const maxCount = 255;
/** The counter of a new record, so that it is not evicted before it could be used a second time. */
const initialCount = 5;
