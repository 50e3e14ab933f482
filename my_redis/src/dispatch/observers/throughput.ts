import type { Statistics } from "./statistics.ts";

/** The reported value is the mean of this many samples of 100 ms each: the last 1.6 seconds. */
const sampleCount = 16;

/** Recent rates per second of the counters. */
export class Throughput {
  readonly #samples: { readonly commands: number; readonly input: number; readonly output: number }[] = [];
  #lastMs: number;
  #last = { commands: 0, input: 0, output: 0 };

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** Must be called about ten times a second. `nowMs` is of the monotonic clock. */
  sample(statistics: Statistics, nowMs: number): void {
    const elapsedSeconds = (nowMs - this.#lastMs) / 1000;
    if (elapsedSeconds <= 0) return;
    const now = {
      commands: statistics.commandsProcessed,
      input: statistics.netInputBytes,
      output: statistics.netOutputBytes,
    };
    // After CONFIG RESETSTAT the counters are below the last sample.
    const rate = (value: number, before: number): number => Math.max(0, value - before) / elapsedSeconds;
    this.#samples.push({
      commands: rate(now.commands, this.#last.commands),
      input: rate(now.input, this.#last.input),
      output: rate(now.output, this.#last.output),
    });
    if (this.#samples.length > sampleCount) this.#samples.shift();
    this.#last = now;
    this.#lastMs = nowMs;
  }

  get commandsPerSecond(): number {
    return this.#mean("commands");
  }

  get inputBytesPerSecond(): number {
    return this.#mean("input");
  }

  get outputBytesPerSecond(): number {
    return this.#mean("output");
  }

  #mean(what: "commands" | "input" | "output"): number {
    if (this.#samples.length === 0) return 0;
    return this.#samples.reduce((sum, sample) => sum + sample[what], 0) / this.#samples.length;
  }
}
