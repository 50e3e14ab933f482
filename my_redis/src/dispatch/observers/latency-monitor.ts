import type { Settings } from "../../settings/settings.ts";

/** Number of samples kept for each kind of event. */
const maxSamples = 160;
/** Limit on the kinds of events. The server has only a few; this is a safeguard. */
const maxEvents = 64;

export interface LatencySample {
  readonly atSeconds: number;
  readonly milliseconds: number;
}

interface EventHistory {
  readonly samples: LatencySample[];
  worstMs: number;
}

/** Events that took longer than latency-monitor-threshold, by kind: the latest samples and the worst time. */
export class LatencyMonitor {
  readonly #settings: Settings;
  readonly #events = new Map<string, EventHistory>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get enabled(): boolean {
    return this.#settings.values["latency-monitor-threshold"] > 0;
  }

  note(event: string, milliseconds: number, nowMs: number): void {
    const threshold = this.#settings.values["latency-monitor-threshold"];
    if (threshold === 0 || milliseconds < threshold) return;
    const history = this.#events.get(event) ?? this.#begin(event);
    if (history === undefined) return;
    const sample = { atSeconds: Math.floor(nowMs / 1000), milliseconds: Math.round(milliseconds) };
    history.worstMs = Math.max(history.worstMs, sample.milliseconds);
    // One sample per second is enough: the worst of that second.
    const last = history.samples.at(-1);
    if (last?.atSeconds === sample.atSeconds) {
      if (last.milliseconds < sample.milliseconds) history.samples[history.samples.length - 1] = sample;
      return;
    }
    history.samples.push(sample);
    if (history.samples.length > maxSamples) history.samples.shift();
  }

  #begin(event: string): EventHistory | undefined {
    if (this.#events.size >= maxEvents) return undefined;
    const history: EventHistory = { samples: [], worstMs: 0 };
    this.#events.set(event, history);
    return history;
  }

  /** Kinds of events, each with its latest sample and its worst time. */
  latest(): { readonly event: string; readonly sample: LatencySample; readonly worstMs: number }[] {
    return [...this.#events].flatMap(([event, { samples, worstMs }]) => {
      const sample = samples.at(-1);
      return sample === undefined ? [] : [{ event, sample, worstMs }];
    });
  }

  history(event: string): readonly LatencySample[] {
    return this.#events.get(event)?.samples ?? [];
  }

  /** Forgets the given kinds of events, or all if none is given. Returns how many there were. */
  reset(events: readonly string[]): number {
    const named = events.length === 0 ? [...this.#events.keys()] : events;
    return named.filter((event) => this.#events.delete(event)).length;
  }
}
