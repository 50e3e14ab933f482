import type { ConsumerReport } from "../../../src/recovery/consumer-report.ts";
import type { WatermarkTimes } from "../../../src/recovery/watermark.ts";

/** Shorter than in a real sale, like all times here. A report is collected and written in one step. */
export const heartbeatTimes: WatermarkTimes & { readonly everyMs: number } = {
  ...{ everyMs: 200, silentAfterMs: 1_500, reportLagMs: 5 },
};

type Report = Omit<ConsumerReport, "ageMs">;

/** The ledger's table of the consumers' signs of life. */
export class SimulatedHeartbeats {
  /** The consumers that have ended in good order. */
  readonly left: string[] = [];
  readonly #rows = new Map<string, { readonly report: Report; seenAtMs: number }>();
  readonly #world: { now(): number };

  constructor(world: { now(): number }) {
    this.#world = world;
  }

  beat(report: Report): void {
    this.#rows.set(report.instance, { report, seenAtMs: this.#world.now() });
  }

  leave(instance: string): void {
    if (this.#rows.has(instance)) this.left.push(instance);
    this.#rows.delete(instance);
  }

  reports(): ConsumerReport[] {
    return [...this.#rows.values()].map(({ report, seenAtMs }) => ({
      ...report,
      ageMs: this.#world.now() - seenAtMs,
    }));
  }
}
