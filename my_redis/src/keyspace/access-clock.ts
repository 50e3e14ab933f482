/**
 * What the 24 bits of a record's access clock say of its use. For the LFU policies, bits 8-23 are the minute of the last
 * access and bits 0-7 a counter of accesses, on a logarithmic scale; for all others, the bits are the second of the last
 * access. Both come round again: after 45 and after 194 days.
 */
export class AccessClock {
  /** lfu-log-factor: the more, the more accesses it takes to raise the counter. */
  logFactor = 10;
  /** lfu-decay-time: minutes without access after which the counter falls by one; 0 for never. */
  decayMinutes = 1;
  /** An access is to set the clock to the second, and that is all: what has to be quick. */
  setsSecond = true;
  #countsAccesses = false;
  #marks = true;
  readonly #nowMs: () => number;
  readonly #random: () => number;

  /** `random` gives numbers in [0, 1). */
  constructor({ nowMs, random }: { readonly nowMs: () => number; readonly random: () => number }) {
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** Whether an LFU policy is chosen. A record keeps what it has until its next access. */
  get countsAccesses(): boolean {
    return this.#countsAccesses;
  }

  set countsAccesses(counts: boolean) {
    this.#countsAccesses = counts;
    this.setsSecond = this.#marks && !counts;
  }

  /** Off during the commands of a client who asked for NO-TOUCH. */
  get marks(): boolean {
    return this.#marks;
  }

  set marks(marks: boolean) {
    this.#marks = marks;
    this.setsSecond = marks && !this.#countsAccesses;
  }

  get second(): number {
    return Math.floor(this.#nowMs() / 1000) & secondMask;
  }

  get #minute(): number {
    return Math.floor(this.#nowMs() / 60_000) & minuteMask;
  }

  /** The clock of a record that comes into being now. */
  get fresh(): number {
    return this.countsAccesses ? (this.#minute << counterBits) | initialCount : this.second;
  }

  /** The clock of a record that had this one, and is used now. */
  used(clock: number): number {
    if (!this.countsAccesses) return this.second;
    return (this.#minute << counterBits) | this.#raised(this.frequency(clock));
  }

  /** Raises a counter with a chance that falls as it grows: a fresh record's few points do not make that harder. */
  #raised(count: number): number {
    if (count >= maxCount) return maxCount;
    const chance = 1 / (Math.max(0, count - initialCount) * this.logFactor + 1);
    return this.#random() < chance ? count + 1 : count;
  }

  /** The counter of accesses as it has fallen until now, 0 to 255. */
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

  /** The clock of a record that was not used for so long. What the clock cannot tell becomes half of its round. */
  idleFor(seconds: number): number {
    const now = this.second;
    return seconds <= now ? now - seconds : (now + (secondMask >>> 1)) % secondMask;
  }

  /** The clock of a record that is used this often, 0 to 255. */
  countedAs(count: number): number {
    return (this.#minute << counterBits) | count;
  }
}

const secondMask = 0xffffff;
const minuteMask = 0xffff;
const counterBits = 8;
const maxCount = 255;
/** What a fresh record's counter stands at, so that it is not evicted before it could be used a second time. */
const initialCount = 5;
