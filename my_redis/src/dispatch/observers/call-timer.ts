import type { Arguments } from "../../protocol/arguments.ts";
import type { Settings, SettingValues } from "../../settings/settings.ts";
import type { Client } from "../client.ts";
import type { CommandFacts } from "../command-facts.ts";
import type { TurnClock } from "../turn-clock.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { LatencyMonitor } from "./latency-monitor.ts";
import type { SlowLog } from "./slow-log.ts";

/** Of the brief commands one call in this many is timed, with this weight. */
const timingSample = 64;
/** The first calls of a command are all timed, so that rarely used commands are measured as well. */
const timedFirstCalls = 16;
/** A slow log with a threshold below this needs the times of brief commands, too, so that all calls are timed. */
const briefMicroseconds = 1000;
/** The turn's clock may be late by this much. */
const clockToleranceMs = 0.2;

export interface CallTimerOptions {
  readonly settings: Settings;
  readonly clock: TurnClock;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
}

/** Measures how long commands take: for INFO commandstats, the slow log and the latency monitor. */
export class CallTimer {
  readonly #options: CallTimerOptions;
  readonly #values: SettingValues;
  #calls = 0;
  /** Total time of the commands since the clock was last read. */
  #sinceClockMs = 0;
  #timingMask = timingSample - 1;
  /** The slow log and the latency monitor get commands that took at least this long. */
  #slowMicroseconds = Number.POSITIVE_INFINITY;

  constructor(options: CallTimerOptions) {
    this.#options = options;
    const { settings } = options;
    this.#values = settings.values;
    for (const name of ["slowlog-log-slower-than", "latency-monitor-threshold"] as const) {
      settings.onChange(name, () => this.#setSlowness());
    }
    this.#setSlowness();
  }

  #setSlowness(): void {
    const forLog = this.#values["slowlog-log-slower-than"];
    const forMonitor = this.#values["latency-monitor-threshold"] * 1000;
    const never = Number.POSITIVE_INFINITY;
    this.#slowMicroseconds = Math.min(forLog < 0 ? never : forLog, forMonitor === 0 ? never : forMonitor);
    this.#timingMask = this.#slowMicroseconds < briefMicroseconds ? 0 : timingSample - 1;
  }

  /** The weight of the next call if it is to be timed; 0 if it is not. */
  callsTimed({ isBrief, statistics }: CommandFacts): number {
    if (!isBrief || statistics.calls < timedFirstCalls) return 1;
    return (++this.#calls & this.#timingMask) === 0 ? this.#timingMask + 1 : 0;
  }

  /** Adds the time of a call with the weight `calls`. */
  add(client: Client, command: CommandFacts, args: Arguments, elapsedMs: number, calls: number): void {
    const { clock, latency, slowLog } = this.#options;
    const microseconds = elapsedMs * 1000;
    const { statistics } = command;
    statistics.microseconds += microseconds * calls;
    if (this.#values["latency-tracking"]) {
      statistics.durations ??= new DurationHistogram();
      statistics.durations.add(microseconds * 1000, calls);
    }
    // After a long command the turn's clock is late. It is read only then, because reading it costs as much as a short
    // command.
    this.#sinceClockMs += elapsedMs;
    if (this.#sinceClockMs >= clockToleranceMs) {
      this.#sinceClockMs = 0;
      clock.update();
    }
    if (microseconds < this.#slowMicroseconds) return;
    const { nowMs } = clock;
    slowLog.note(client, command, args, { microseconds, nowMs });
    latency.note(command.flagSet.has("fast") ? "fast-command" : "command", elapsedMs, nowMs);
  }
}
