import type { Statistics } from "./statistics.ts";

/** The mean of so many samples is told: of 100 ms each, the last 1.6 seconds. */
const sampleCount = 16;

/** Rates per second of what the counters have counted lately. */
export class Throughput {
  readonly #samples: { readonly commands: number; readonly input: number; readonly output: number }[] = [];
  #lastMs: number;
  #last = { commands: 0, input: 0, output: 0 };

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** To be called about ten times a second. `nowMs` is of the clock that never goes back. */
  sample(statistics: Statistics, nowMs: number): void {
    const elapsedSeconds = (nowMs - this.#lastMs) / 1000;
    if (elapsedSeconds <= 0) return;
    const now = {
      commands: statistics.commandsProcessed,
      input: statistics.netInputBytes,
      output: statistics.netOutputBytes,
    };
    // After a reset the counters are behind the last sample.
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
