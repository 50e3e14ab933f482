/** Buckets per doubling: a reported duration is at most a sixteenth above the true one. */
const steps = 16;
const firstOctave = 10;
const octaves = 20;
/** One second; longer durations count as that. */
const maxNanoseconds = 1_000_000_000;

/**
 * How long calls took, as counts in 336 buckets up to one second; the shorter the durations, the narrower the bucket.
 * Counts are weighted where one measured call stands for several.
 */
export class DurationHistogram {
  readonly #counts = new Float64Array(steps * (octaves + 1));
  #total = 0;

  add(nanoseconds: number, weight: number): void {
    const bucket = bucketOf(Math.min(Math.max(Math.trunc(nanoseconds), 0), maxNanoseconds));
    this.#counts[bucket] = (this.#counts[bucket] as number) + weight;
    this.#total += weight;
  }

  /** Nanoseconds within which this percentage of the calls, 0 to 100, ended; 0 when there were none. */
  percentile(percentage: number): number {
    let left = (this.#total * percentage) / 100;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      const count = this.#counts[bucket] as number;
      left -= count;
      // Weights and percentages are not exact: the tolerance absorbs their rounding.
      if (count > 0 && left <= this.#total * 1e-12) return upperEnd(bucket);
    }
    return 0;
  }

  /**
   * Visits 1024 nanoseconds and each of its doublings up to a second, where calls are added there. `visit` gets the
   * duration in microseconds as Redis writes it, and the number of calls that took no longer, scaled to `calls` in all.
   */
  cumulative(calls: number, visit: (microseconds: number, callsUntil: number) => void): void {
    let until = 0;
    let before = 0;
    for (let octave = 0; octave <= octaves; octave++) {
      for (let step = 0; step < steps; step++) until += this.#counts[octave * steps + step] as number;
      const callsUntil = Math.round((until / this.#total) * calls);
      if (callsUntil === before) continue;
      before = callsUntil;
      const level = 2 ** (firstOctave + octave);
      // Redis counts in buckets of two decimal digits, and reports the upper end of the bucket that begins here.
      visit(Math.floor((level + level / 128 - 1) / 1000), callsUntil);
    }
  }
}

function bucketOf(nanoseconds: number): number {
  if (nanoseconds < 1 << firstOctave) return nanoseconds >>> (firstOctave - 4);
  const octave = 31 - Math.clz32(nanoseconds);
  return (octave - firstOctave + 1) * steps + ((nanoseconds >>> (octave - 4)) & (steps - 1));
}

/** The longest duration of a bucket, in nanoseconds. */
function upperEnd(bucket: number): number {
  const octave = Math.floor(bucket / steps);
  const step = bucket % steps;
  if (octave === 0) return (step + 1) * 2 ** (firstOctave - 4) - 1;
  return (steps + step + 1) * 2 ** (octave + firstOctave - 5) - 1;
}
