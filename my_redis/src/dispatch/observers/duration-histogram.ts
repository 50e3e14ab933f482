/** Buckets per doubling: what is told of a duration is at most a sixteenth more than it was. */
const steps = 16;
const firstOctave = 10;
const octaves = 20;
/** A second: what took longer counts as that. */
const maxNanoseconds = 1_000_000_000;

/**
 * How long calls took: a count for each of 336 lengths of time, the finer the shorter, up to a second. Counts may be
 * weighted, where one measured call stands for several.
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
      // Weights and percentages leave a trace of rounding.
      if (count > 0 && left <= this.#total * 1e-12) return upperEnd(bucket);
    }
    return 0;
  }

  /**
   * Visits 1024 nanoseconds and each of its doublings up to a second at which calls are added: their number in
   * microseconds as Redis writes it, and the calls that took no longer, if there were `calls` in all.
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
      // Redis counts by buckets of two decimal digits, and names the upper end of the one that begins here.
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
