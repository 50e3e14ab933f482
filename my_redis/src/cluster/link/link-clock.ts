import type { Services } from "../../dispatch/context.ts";
import { linkTiming, type LinkTiming } from "./link-timing.ts";

/** The time by which links live: a monotonic clock, and the limits that follow from cluster-node-timeout. */
export class LinkClock {
  readonly monotonicMs: () => number;
  #timing: LinkTiming;

  /** `changed` is called when cluster-node-timeout has been set. */
  constructor({ settings, environment }: Pick<Services, "settings" | "environment">, changed: () => void) {
    this.monotonicMs = () => environment.monotonicMs();
    const read = (): LinkTiming => linkTiming(settings.values["cluster-node-timeout"]);
    this.#timing = read();
    settings.onChange("cluster-node-timeout", () => {
      this.#timing = read();
      changed();
    });
  }

  get timing(): LinkTiming {
    return this.#timing;
  }
}
